"""Asks for a moment of the past, or none."""

from datetime import datetime, time

import streamlit as st

from dashboard import current_user, formatting
from focusflow import clock
from focusflow.i18n import gettext as _


def as_of(key: str) -> datetime | None:
    """The end of a chosen local day; None for now."""
    me = current_user.require_user()
    day = st.date_input(
        _("As of the end of"),
        None,
        max_value=current_user.local_today(me),
        format=formatting.date_input_format(),
        key=f"as of {key}",
        help=_("As it was known at the end of this day. Leave it empty for now."),
    )
    if day is None:
        return None
    return min(datetime.combine(day, time.max, clock.zone(me.timezone)), clock.now())

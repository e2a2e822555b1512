"""Lets a page notice that its numbers have changed, without loading anything until they have."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import current_user
from dashboard.data import lake

#: The server tells a page when it has to look (`dashboard/data/changes.py`).
LISTENER: Final = st.components.v2.component(
    "focusflow_live_refresh", html="<i hidden></i>", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)

#: How often a page looks without being told.
LOOK_SECONDS = 30

#: What else a page shows comes from the API. It is asked after the user's scores have changed, for they are published a moment later than
#: the table from which they come, and now and then.
ASK_SECONDS, PUBLISHED_SECONDS = 30.0, 10.0
ASKED_AT, SCORED_AT = "asked at", "scored at"


@st.fragment(run_every=LOOK_SECONDS)
def refreshing(has_changed: Callable[[], bool] | None = None) -> None:
    """Run the page again when rows that it was made from have changed, or what else it shows has."""
    with st.container(key="live"):
        LISTENER(key="live refresh", on_changed_change=lambda: None, height="content")
    if lake.has_newer_rows() or (has_changed and _is_api_due() and has_changed()):
        current_user.rerun()


def _is_api_due() -> bool:
    now, state = time.monotonic(), st.session_state
    if lake.has_moved(lake.SCORES, current_user.require_user().user_id):
        state[SCORED_AT] = now
    is_due: bool = (
        now - state.setdefault(ASKED_AT, now) >= ASK_SECONDS
        or now - state.get(SCORED_AT, -ASK_SECONDS) < PUBLISHED_SECONDS
    )
    if is_due:
        state[ASKED_AT] = now
    return is_due

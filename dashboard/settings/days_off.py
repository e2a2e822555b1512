"""Days off."""

from datetime import date

import streamlit as st

from dashboard import formatting
from dashboard.api_client import Json
from dashboard.components import layout
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

REASONS = (mark("vacation"), mark("holiday"), mark("sick"))


def section() -> None:
    st.caption(_("A day off has no score, does not break streaks and sends no reminders."))
    with st.form("days off", clear_on_submit=True):
        span = st.date_input(_("First and last day"), [], format=formatting.date_input_format())
        reason = st.segmented_control(_("Why"), REASONS, default=REASONS[0], required=True, format_func=_)
        if st.form_submit_button(_("Add days off"), type="primary") and span:
            layout.perform(lambda client: client.create_days_off(span[0], span[-1], reason), _("Enjoy them."))
    found = layout.fetch(lambda client: list(client.days_off()))
    if found == []:
        layout.empty_state(_("No days off yet. Choose the first and last day above."))
    for each in found or []:
        _show_day_off(each)


def _show_day_off(days: Json) -> None:
    first, last = (formatting.long_date(date.fromisoformat(days[name])) for name in ("first_date", "last_date"))
    with st.container(border=True), layout.row():
        st.markdown(f"{first if first == last else _('{begin} to {end}', begin=first, end=last)} · {_(days['reason'])}")
        st.button(
            _("Remove"),
            key=f"work {days['id']}",
            type="tertiary",
            on_click=layout.on_click(lambda client: client.delete_days_off(days["id"]), _("Removed.")),
        )

"""What a new user does first: three steps, each ticked when it is done."""

import polars as pl
import streamlit as st

from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import imports, layout
from focusflow import locales
from focusflow.i18n import gettext as _

#: With so many days of numbers, nobody is new any more.
NEW_DAYS = 7
HIDDEN = "first steps are hidden"


def checklist(me: Session, found: Json, days: pl.DataFrame) -> None:  # noqa: ARG001 (each user sees their own)
    """Nothing for who has been here for a while, or has done all of it."""
    if st.session_state.get(HIDDEN) or len(days) >= NEW_DAYS:
        return
    has_tasks = bool(found["scores"]["open"]) or len(days) > 1
    has_plan = found["plan"] is not None
    preferences = layout.fetch(Client.preferences)
    if preferences is None or (has_tasks and has_plan):
        return
    with st.container(border=True, key="first-steps"):
        with layout.row():
            layout.section_header(_("Three steps to start"))
            st.button(_("Hide"), type="tertiary", on_click=_hide)
        st.markdown(_step(_("Add a task above, or bring your history from another program"), is_done=has_tasks))
        if not has_tasks:
            with st.expander(_("Import from another program"), icon=":material/upload:"):
                st.markdown(
                    _(
                        "Your past in another program makes these pages useful at once: your own year, your usual week, your streaks."
                    )
                )
                imports.upload()
            imports.imports(only_unfinished=True)
        st.markdown(_step(_("Plan your day with one click, below"), is_done=has_plan))
        st.markdown(_step(_weekly_email(preferences), is_done=bool(preferences["weekly_report"])))


def _step(text: str, *, is_done: bool) -> str:
    icon = ":green[:material/check_circle:]" if is_done else ":material/radio_button_unchecked:"
    return f"{icon} {text}"


def _weekly_email(preferences: Json) -> str:
    day = locales.weekday_name(preferences["weekly_report_day"])
    when = _("{day} at {time}", day=day, time=locales.hour(preferences["weekly_report_hour"]))
    if not preferences["weekly_report"]:
        return _("Turn on your weekly email in [Settings](/settings?section=Notifications)")
    return _("Your weekly email comes on {when}. [Change](/settings?section=Notifications)", when=when)


def _hide() -> None:
    st.session_state[HIDDEN] = True

"""The plan of the day: made when asked for, around the appointments, and taken into the calendar when accepted."""

from datetime import datetime

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout
from focusflow.errors import Problem

PLAN = "plan of the day"
MEANS = "Due and important tasks first, in the free time of your working day, with durations learned from you."


def plan(me: Session) -> None:
    """How to come to a plan, or the plan."""
    plan_ = st.session_state.get(PLAN)
    if plan_ is None or plan_["day"] != str(current_user.local_today(me)):
        st.button("Plan my day", icon=":material/calendar_add_on:", help=MEANS, on_click=_make)
        return
    with st.container(border=True):
        with layout.row():
            layout.section_header("Plan", MEANS)
            with st.container(horizontal=True, width="content"):
                if plan_.get("is_accepted"):
                    st.badge("in your calendar", icon=":material/check:", color="green")
                elif plan_["blocks"]:
                    st.button(
                        "Accept", icon=":material/event_available:", type="primary", on_click=_accept, args=(plan_,)
                    )
                st.button("Re-plan", type="tertiary", on_click=_make)
        st.markdown(current_user.escape_markdown(plan_["headline"]))
        for block in plan_["blocks"]:
            st.markdown(_block(block, me))
        if plan_["left_out"]:
            st.caption(
                "No time for: "
                + ", ".join(current_user.escape_markdown(each["title"]) for each in plan_["left_out"][:5])
            )


def _block(block: Json, me: Session) -> str:
    begin, end = (layout.local(datetime.fromisoformat(block[name]), me) for name in ("start_at", "end_at"))
    late = " · :orange[ends after it was due]" if block["is_late"] else ""
    return f"**{begin:%H:%M} – {end:%H:%M}**  {current_user.escape_markdown(block['title'])}{late}"


def _make() -> None:
    try:
        st.session_state[PLAN] = layout.call_api(Client.plan_day)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")


def _accept(plan_: Json) -> None:
    try:
        no_room = layout.call_api(lambda client: client.accept_plan(plan_["id"]))["no_room"]
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
        return
    plan_["is_accepted"] = True
    st.toast("Added to your calendar.", icon=":material/check:")
    if no_room:
        titles = ", ".join(current_user.escape_markdown(each["title"]) for each in no_room)
        st.toast(f"Left out because of new appointments: {titles}", icon=":material/event_busy:")

"""The plan of the day: made when asked for, around the appointments, and taken into the calendar when accepted."""

from datetime import datetime

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout
from focusflow.errors import Problem

PLAN = "plan of the day"
MEANS = "What is due and matters most first, for as long as such tasks take you, in what your calendar leaves of the working day."


def plan(me: Session) -> None:
    """How to come to a plan, or the plan."""
    made = st.session_state.get(PLAN)
    if made is None or made["day"] != str(current_user.today_of(me)):
        st.button("Plan my day", icon=":material/calendar_add_on:", help=MEANS, on_click=_make)
        return
    with st.container(border=True):
        with layout.row():
            layout.heading("The plan", MEANS)
            with st.container(horizontal=True, width="content"):
                if made.get("is_accepted"):
                    st.badge("in your calendar", icon=":material/check:", color="green")
                elif made["blocks"]:
                    st.button(
                        "Accept", icon=":material/event_available:", type="primary", on_click=_accept, args=(made,)
                    )
                st.button("Anew", type="tertiary", on_click=_make)
        st.markdown(current_user.quoted(made["headline"]))
        for block in made["blocks"]:
            st.markdown(_block(block, me))
        if made["left_out"]:
            st.caption("No time for: " + ", ".join(current_user.quoted(each["title"]) for each in made["left_out"][:5]))


def _block(block: Json, me: Session) -> str:
    begin, end = (layout.local(datetime.fromisoformat(block[name]), me) for name in ("start_at", "end_at"))
    late = " · :orange[ends after it was due]" if block["is_late"] else ""
    return f"**{begin:%H:%M} – {end:%H:%M}**  {current_user.quoted(block['title'])}{late}"


def _make() -> None:
    try:
        st.session_state[PLAN] = layout.call(Client.plan_day)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")


def _accept(made: Json) -> None:
    try:
        no_room = layout.call(lambda client: client.accept_plan(made["id"]))["no_room"]
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
        return
    made["is_accepted"] = True
    st.toast("It is in your calendar.", icon=":material/check:")
    if no_room:
        titles = ", ".join(current_user.quoted(each["title"]) for each in no_room)
        st.toast(f"Left out, for appointments have come there since: {titles}", icon=":material/event_busy:")

"""Name, time zone, week and target."""

import streamlit as st

from dashboard import parts, person, words
from focusflow import clock
from focusflow.client import Client, Json
from focusflow.metrics import BY_NAME


def section() -> None:
    me = parts.asked(Client.me)
    if me is None:
        return
    zones = sorted(clock.zone_names())
    with st.form("profile"):
        st.text_input("E-mail", me["email"], disabled=True)
        name = st.text_input("Name", me["display_name"], max_chars=200)
        zone = st.selectbox(
            "Time zone",
            zones,
            zones.index(me["timezone"]) if me["timezone"] in zones else None,
            help="Counts from now on. Days that were stay where they were.",
        )
        start = st.selectbox("Your week begins on", range(7), me["week_start"], format_func=words.WEEKDAYS.__getitem__)
        target = st.number_input(
            "Minutes of focus a day",
            1,
            1440,
            me["daily_focus_goal_minutes"],
            placeholder="by what is usual for you",
            help=BY_NAME["focus_target_minutes"].meaning,
        )
        if st.form_submit_button("Save", type="primary"):
            _save({"display_name": name, "timezone": zone, "week_start": start, "daily_focus_goal_minutes": target})


def _save(changes: Json) -> None:
    def change(client: Client) -> None:
        person.current().learn(client.change_me(**changes))

    if parts.act(change, "Saved."):
        st.rerun()

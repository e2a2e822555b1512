"""Settings: one section at a time, named by the address. Only what is shown is asked for."""

import streamlit as st

from dashboard.components import layout
from dashboard.settings import calendars, data, days_off, imports, keys, preferences, profile, security, webhooks

SECTIONS = {
    "Profile": profile.section,
    "Notifications": preferences.section,
    "Days off": days_off.section,
    "Calendars": calendars.section,
    "Import": imports.section,
    "API keys": keys.section,
    "Webhooks": webhooks.section,
    "Security": security.section,
    "Your data": data.section,
}


def page() -> None:
    with layout.title_row():
        st.title("Settings", anchor=False)
        chosen = st.segmented_control(
            "Section",
            list(SECTIONS),
            default="Profile",
            required=True,
            key="section",
            bind="query-params",
            label_visibility="collapsed",
        )
    SECTIONS[chosen or "Profile"]()

"""Settings: one section at a time, named by the address. Only what is shown is asked for."""

import streamlit as st

from dashboard.components import layout
from dashboard.settings import calendars, data, days_off, imports, keys, preferences, profile, security, webhooks
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

SECTIONS = {
    mark("Profile"): profile.section,
    mark("Notifications"): preferences.section,
    mark("Days off"): days_off.section,
    mark("Calendars"): calendars.section,
    mark("Import"): imports.section,
    mark("API keys"): keys.section,
    mark("Webhooks"): webhooks.section,
    mark("Security"): security.section,
    mark("Your data"): data.section,
}


def page() -> None:
    with layout.title_row():
        st.title(_("Settings"), anchor=False)
        chosen = layout.choice_in_address(_("Section"), list(SECTIONS), "section")
    SECTIONS[chosen]()

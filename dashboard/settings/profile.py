"""Name, time zone, week and target."""

import streamlit as st
from babel import Locale, UnknownLocaleError

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout
from focusflow import clock
from focusflow.metrics import BY_NAME

#: Those that are offered; the API takes any.
LOCALES = (
    "ar", "cs", "da", "de", "de-AT", "de-CH", "en", "en-AU", "en-CA", "en-GB", "en-IN", "en-US", "es", "es-MX", "fi", "fr", "fr-CA", "fr-CH", "he", "hi",
    "hu", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sv", "tr", "uk", "zh",
)  # fmt: skip


def section() -> None:
    me = layout.fetch(Client.me)
    if me is None:
        return
    zones = sorted(clock.zone_names())
    with st.form("profile"):
        st.text_input("Email", me["email"], disabled=True)
        name = st.text_input("Name", me["display_name"], max_chars=200)
        zone = st.selectbox(
            "Time zone",
            zones,
            zones.index(me["timezone"]) if me["timezone"] in zones else None,
            help="Applies from now on. Past days stay as they were.",
        )
        start = st.selectbox("Week starts on", range(7), me["week_start"], format_func=formatting.WEEKDAYS.__getitem__)
        locales = sorted({*LOCALES, me["locale"]})
        locale = st.selectbox(
            "Date and number format in emails",
            locales,
            locales.index(me["locale"]),
            format_func=_called,
            help="The text stays English.",
        )
        target = st.number_input(
            "Daily focus target (min)",
            1,
            1440,
            me["daily_focus_goal_minutes"],
            placeholder="your usual amount",
            help=BY_NAME["focus_target_minutes"].meaning,
        )
        if st.form_submit_button("Save", type="primary"):
            said = {"display_name": name, "timezone": zone, "week_start": start, "locale": locale}
            _save({**said, "daily_focus_goal_minutes": target})


def _called(locale: str) -> str:
    """The display name of a locale."""
    try:
        return Locale.parse(locale, sep="-").get_display_name("en") or locale
    except (UnknownLocaleError, ValueError):
        return locale


def _save(changes: Json) -> None:
    def change(client: Client) -> None:
        client.change_me(**changes)
        shared().store.forget(current_user.require_user().token)

    layout.perform_and_rerun(change, "Saved.")

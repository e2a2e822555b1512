"""Name, time zone, week and target."""

import streamlit as st
from babel import Locale, UnknownLocaleError

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout
from focusflow import clock, i18n, locales
from focusflow.i18n import gettext as _
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
        st.text_input(_("Email"), me["email"], disabled=True)
        name = st.text_input(_("Name"), me["display_name"], max_chars=200)
        zone = st.selectbox(
            _("Time zone"),
            zones,
            zones.index(me["timezone"]) if me["timezone"] in zones else None,
            help=_("Applies from now on. Past days stay as they were."),
        )
        start = st.selectbox(_("Week starts on"), range(7), me["week_start"], format_func=locales.weekday_name)
        offered = sorted({*LOCALES, me["locale"]})
        locale = st.selectbox(
            _("Language and formats"),
            offered,
            offered.index(me["locale"]),
            format_func=_called,
            help=_(
                "English, German, French and Spanish. In other languages, dates and numbers are written as there, and texts are English."
            ),
        )
        target = st.number_input(
            _("Daily focus target (min)"),
            1,
            1440,
            me["daily_focus_goal_minutes"],
            placeholder=_("your usual amount"),
            help=_(BY_NAME["focus_target_minutes"].meaning),
        )
        if st.form_submit_button(_("Save"), type="primary"):
            said = {"display_name": name, "timezone": zone, "week_start": start, "locale": locale}
            _save({**said, "daily_focus_goal_minutes": target})


def _called(locale: str) -> str:
    """The display name of a locale."""
    try:
        return Locale.parse(locale, sep="-").get_display_name(i18n.language()) or locale
    except (UnknownLocaleError, ValueError):
        return locale


def _save(changes: Json) -> None:
    def change(client: Client) -> None:
        client.change_me(**changes)
        shared().store.forget(current_user.require_user().token)

    layout.perform_and_rerun(change, _("Saved."))

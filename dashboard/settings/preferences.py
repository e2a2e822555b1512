"""Which notifications the user gets, when, and by which channel."""

from datetime import time
from typing import Any

import streamlit as st

from dashboard.api_client import Client, Json
from dashboard.components import layout
from dashboard.settings import channels
from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.notification_kinds import KINDS

CHANNELS = {"email": mark("Email"), "in_app": mark("In the app")}
AFTER_EMPTY = {"line": mark("Send a short note"), "nothing": mark("Send nothing")}


def section() -> None:
    chosen = layout.fetch(Client.preferences)
    if chosen is None:
        return
    with st.form("preferences"):
        left, right = st.columns(2, gap="large")
        with left:
            changes = _reports(chosen) | _quiet(chosen)
        with right:
            changes["notifications"] = _types(chosen["notifications"])
        if st.form_submit_button(_("Save"), type="primary"):
            layout.perform(lambda client: client.change_preferences(**changes), _("Saved."))
    channels.section()


def _reports(chosen: Json) -> dict[str, Any]:
    layout.section_header(_("Reports"))
    return {
        "weekly_report": st.toggle(_("Weekly report"), chosen["weekly_report"]),
        "weekly_report_day": st.selectbox(
            _("Sent on"), range(7), chosen["weekly_report_day"], format_func=locales.weekday_name
        ),
        "weekly_report_hour": st.selectbox(
            _("Sent at"), range(24), chosen["weekly_report_hour"], format_func=locales.hour
        ),
        "monthly_report": st.toggle(_("Monthly report"), chosen["monthly_report"]),
        "empty_week": st.selectbox(
            _("If nothing happened"),
            list(AFTER_EMPTY),
            list(AFTER_EMPTY).index(chosen["empty_week"]),
            format_func=lambda name: _(AFTER_EMPTY[name]),
        ),
    }


def _quiet(chosen: Json) -> dict[str, Any]:
    layout.section_header(
        _("Quiet hours"), _("No emails and no messages to channels during quiet hours, in your local time.")
    )
    quiet = {
        name: st.time_input(label, _clock(chosen[name]), step=900)
        for name, label in (("quiet_from", _("Quiet hours start")), ("quiet_until", _("Quiet hours end")))
    }
    calm = st.toggle(_("Calm mode"), chosen["calm_mode"], help=_("Today shows one next step and no overdue counts."))
    return {name: each.strftime("%H:%M") if each else None for name, each in quiet.items()} | {"calm_mode": calm}


def _clock(written: str | None) -> time | None:
    return time.fromisoformat(written) if written else None


def _types(chosen: Json) -> dict[str, Any]:
    layout.section_header(_("Notifications"), _("No channel means off."))
    chosen_channels = {
        name: st.pills(
            _(KINDS[name].label) if name in KINDS else name,
            list(CHANNELS),
            selection_mode="multi",
            default=choice["channels"] if choice["is_enabled"] else [],
            format_func=lambda name: _(CHANNELS[name]),
        )
        for name, choice in chosen.items()
    }
    return {
        name: {"is_enabled": bool(channels), "channels": channels or chosen[name]["channels"]}
        for name, channels in chosen_channels.items()
    }

"""Which notifications the user gets, when, and by which channel."""

from datetime import time
from typing import Any

import streamlit as st

from dashboard import formatting
from dashboard.api_client import Client, Json
from dashboard.components import layout
from dashboard.settings import channels
from focusflow.notification_kinds import KINDS

CHANNELS = {"email": "Email", "in_app": "In the app"}
AFTER_EMPTY = {"line": "Send a short note", "nothing": "Send nothing"}


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
        if st.form_submit_button("Save", type="primary"):
            layout.perform(lambda client: client.change_preferences(**changes), "Saved.")
    channels.section()


def _reports(chosen: Json) -> dict[str, Any]:
    layout.section_header("Reports")
    return {
        "weekly_report": st.toggle("Weekly report", chosen["weekly_report"]),
        "weekly_report_day": st.selectbox(
            "Sent on", range(7), chosen["weekly_report_day"], format_func=formatting.WEEKDAYS.__getitem__
        ),
        "weekly_report_hour": st.selectbox(
            "Sent at", range(24), chosen["weekly_report_hour"], format_func=lambda hour: f"{hour:02}:00"
        ),
        "monthly_report": st.toggle("Monthly report", chosen["monthly_report"]),
        "empty_week": st.selectbox(
            "If nothing happened",
            list(AFTER_EMPTY),
            list(AFTER_EMPTY).index(chosen["empty_week"]),
            format_func=AFTER_EMPTY.__getitem__,
        ),
    }


def _quiet(chosen: Json) -> dict[str, Any]:
    layout.section_header(
        "Quiet hours", "No emails and no messages to channels during quiet hours, in your local time."
    )
    quiet = {
        name: st.time_input(label, _clock(chosen[name]), step=900)
        for name, label in (("quiet_from", "Quiet hours start"), ("quiet_until", "Quiet hours end"))
    }
    calm = st.toggle("Calm mode", chosen["calm_mode"], help="Today shows one next step and no overdue counts.")
    return {name: each.strftime("%H:%M") if each else None for name, each in quiet.items()} | {"calm_mode": calm}


def _clock(written: str | None) -> time | None:
    return time.fromisoformat(written) if written else None


def _types(chosen: Json) -> dict[str, Any]:
    layout.section_header("Notifications", "No channel means off.")
    chosen_channels = {
        name: st.pills(
            KINDS[name].label if name in KINDS else name,
            list(CHANNELS),
            selection_mode="multi",
            default=choice["channels"] if choice["is_enabled"] else [],
            format_func=CHANNELS.__getitem__,
        )
        for name, choice in chosen.items()
    }
    return {
        name: {"is_enabled": bool(channels), "channels": channels or chosen[name]["channels"]}
        for name, channels in chosen_channels.items()
    }

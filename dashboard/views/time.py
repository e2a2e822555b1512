"""Time: by day, hour and category, meetings, and the timer."""

from datetime import datetime

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.charts import time as charts
from dashboard.components import layout, undo
from dashboard.components.explanation import explain
from dashboard.components.live_refresh import refreshing
from dashboard.components.timer import timer
from dashboard.data import lake
from focusflow import clock
from focusflow.clock import Period
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.metrics import BY_NAME

SHADES = mark("Darker is more: from 2, 10, 20 and 35 minutes.")
HOURS = mark("Mean minutes per hour of the week. Overlapping entries all count.")
MEETINGS = mark("Mean minutes of busy appointments per hour of the week.")
BY_WEEK_FROM = 45  # days: more bars than that are too thin to read


def page() -> None:
    undo.last_act("time")
    span = layout.page_header(_("Time"), current_user.local_today(current_user.require_user()))
    timer()
    _afterwards()
    days, before = lake.with_comparison(span.first, span.last)
    spent = lake.query("time_spent", first=span.first, last=span.last)
    busy = lake.query("busy_hours", first=span.first, last=span.last)
    if spent.is_empty() and busy.is_empty():
        layout.empty_state(_("No time logged in this range. Start the timer above, or log time."))
        refreshing()
        return
    _numbers(days, before)
    if len(spent):
        _spent(spent, span)
    if len(busy):
        layout.section_header(
            _("Meetings by hour"), f"{_(MEETINGS)} {_(BY_NAME['meeting_minutes'].meaning)} {_(SHADES)}"
        )
        layout.chart(
            charts.hour_grid(busy, "busy_minutes", _("Meeting minutes"), span.days / 7),
            _("Meeting minutes per hour of the week."),
        )
        conflicts = lake.total(busy, "conflicts")
        if conflicts:
            overlapped = ngettext(
                "{n} appointment overlapped with another.", "{n} appointments overlapped with another.", conflicts
            )
            st.caption(overlapped)
    layout.footer(spent, span, "time", "gold/time_daily")
    explain(span)
    refreshing()


def _afterwards() -> None:
    """Log time without the timer."""
    me = current_user.require_user()
    today, zone = current_user.local_today(me), clock.zone(me.timezone)
    with (
        st.expander(_("Log time"), icon=":material/edit_calendar:"),
        st.form("time spent", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        day = st.date_input(_("Day"), today, max_value=today, format=formatting.date_input_format())
        begun, ended = (st.time_input(label, None, step=300) for label in (_("From"), _("Until")))
        if st.form_submit_button(_("Log"), type="primary") and begun and ended:
            start, end = (datetime.combine(day, each, zone) for each in (begun, ended))
            if undo.act(lambda client: client.log_time(start, end), _("Time logged."), _delete):
                st.rerun()


def _delete(client: Client, entry: Json) -> None:
    client.delete_time(entry["id"])


def _numbers(days: pl.DataFrame, before: pl.DataFrame) -> None:
    with layout.card_grid(3):
        for name in ("focus_minutes", "meeting_minutes", "pomodoro_sessions"):
            now = lake.total(days, name) if len(days) else None
            then = lake.total(before, name) if len(before) == len(days) and len(days) else None
            how = "minutes" if BY_NAME[name].unit == "min" else "number"
            show = duration if how == "minutes" else formatting.number
            layout.metric(name, show(now), formatting.against_before(now, then, how))


def _spent(spent: pl.DataFrame, span: Period) -> None:
    by_week = span.days > BY_WEEK_FROM
    left, right = st.columns([3, 2], gap="large")
    with left:
        layout.section_header(_("Hours per week") if by_week else _("Hours per day"), _("By how they were tracked."))
        layout.chart(
            charts.kind_bars(spent, span.first, span.last, by_week=by_week),
            _("Hours by timer, pomodoro and manual entry."),
        )
    with right:
        layout.section_header(_("By category"), _("Category of the task."))
        names = layout.categories()
        named = spent.with_columns(
            category=pl.col("category_id").replace_strict(names, default=_("No longer there"), return_dtype=pl.String)
        )
        layout.chart(charts.category_bars(named), _("Hours by category."))
    layout.section_header(_("By hour"), f"{_(HOURS)} {_(SHADES)}")
    layout.chart(charts.hour_grid(spent, "minutes", _("Minutes"), span.days / 7), _("Minutes per hour of the week."))

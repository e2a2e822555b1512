"""Goals: progress against an even pace, and the completion forecast."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Json
from dashboard.charts import goals as charts
from dashboard.components import layout
from dashboard.components.live_refresh import refreshing
from dashboard.data import lake
from focusflow.approximate_dates import approximately, between

A_PAGE = 10
PACE = "The dashed line is an even pace from start to target date. Ahead and behind are measured against it. The band is the forecast."
FORECAST = (
    "When it is reached if it goes on as in the twelve weeks before, with their trend: as likely before as after the time in the middle, and"
    " eight times in ten between the other two. Dates are as exact as they are known. It is no promise: it knows nothing of what is ahead."
)


def page() -> None:
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header("Goals", today)
    goals = layout.fetch(lambda client: list(client.goals(limit=200)))
    if goals is None:
        return
    if not goals:
        layout.empty_state("No goals yet. Add one below with a target date.")
    active = [goal for goal in goals if goal["status"] == "active"]
    if active:
        progress = lake.query("goal_progress", first=span.first, last=span.last)
        active.sort(key=lambda each: each["target_date"] or "9999")
        for goal in layout.paginate(active, A_PAGE, "goals-page"):
            _goal(goal, progress, today)
        layout.footer(progress, span, "goals", "gold/goal_progress")
    _new()
    _others([goal for goal in goals if goal["status"] != "active"])
    refreshing()


def _goal(goal: Json, progress: pl.DataFrame, today: date) -> None:
    days = progress.filter(pl.col("goal_id") == goal["id"]) if len(progress) else progress
    with st.container(border=True):
        with layout.row():
            st.markdown(f"**{current_user.escape_markdown(goal['title'])}**")
            _progress_form(goal)
        left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
        with left:
            st.metric("Progress", formatting.percent(goal["progress"] / 100), help=PACE, height=layout.METRIC_HEIGHT)
            st.caption(_standing(goal, days, today))
            if len(days) and (forecast := _forecast(days.row(-1, named=True))):
                st.caption(forecast, help=FORECAST)
        with right:
            if len(days) > 1:
                layout.chart(
                    charts.pace(days),
                    f"Progress of this goal from {days['progress'][0]:.0f} to {days['progress'][-1]:.0f} percent, over an even pace, and when it is likely to be reached.",
                )
            else:
                st.caption("The chart starts tomorrow.")
        if goal["measurement"] == "milestones":
            _steps(goal)


def _standing(goal: Json, days: pl.DataFrame, today: date) -> str:
    """Progress against the target date, as text."""
    if goal["target_date"] is None:
        return "No target date, so no pace to compare with."
    left = (date.fromisoformat(goal["target_date"]) - today).days
    until = (
        f"{left} days left"
        if left > 1
        else ("until tomorrow" if left == 1 else "due today" if left == 0 else f"{-left} days overdue")
    )
    ahead = days["ahead"][-1] if len(days) else None
    if ahead is None or abs(ahead) < 1:
        return f"On pace, {until}." if ahead is not None else f"{until[0].upper()}{until[1:]}."
    return f"{abs(ahead):.0f} points {'ahead of' if ahead > 0 else 'behind'} schedule, {until}."


def _forecast(day: dict[str, Any]) -> str | None:
    """The forecast as text, None without a forecast."""
    early, middle, late = (day[name] for name in ("forecast_p10", "forecast_p50", "forecast_p90"))
    if middle is None:
        return None
    span = (late - early).days if early and late else None
    text = f"Likely reached around {approximately(middle, span)}"
    if early is not None:
        text += f", {between(early, late)}"
    chance = day["probability_on_time"]
    return f"{text}." if chance is None else f"{text}; by its date with a chance of {formatting.chance(chance)}."


def _progress_form(goal: Json) -> None:
    """A form to record progress."""
    if goal["measurement"] == "milestones":
        return
    with st.popover("Record progress", icon=":material/trending_up:"), st.form(f"progress {goal['id']}", border=False):
        of = f"of {goal['target_value']:g}" if goal["measurement"] == "number" else "percent"
        top = None if goal["measurement"] == "number" else 100.0
        value = st.number_input(f"Progress, {of}", 0.0, top, float(goal["current_value"]), key=f"value {goal['id']}")
        if st.form_submit_button("Record", type="primary"):
            layout.perform(
                lambda client: client.record_progress(goal["id"], value),
                "Recorded. The chart updates in a few seconds.",
            )
            st.rerun()


def _steps(goal: Json) -> None:
    """The milestones, loaded when opened."""
    with st.expander("Milestones", on_change="rerun", key=f"steps {goal['id']}") as opened:
        if not opened.open:
            return
        for step in layout.fetch(lambda client: client.milestones(goal["id"])) or []:
            with layout.row():
                is_open = step["status"] == "pending"
                title = current_user.escape_markdown(step["title"])
                st.markdown(
                    f":material/radio_button_unchecked: {title}" if is_open else f":material/check_circle: {title}"
                )
                if is_open:
                    _complete_step(goal["id"], step["id"])


def _complete_step(goal_id: str, step_id: str) -> None:
    st.button(
        "Done",
        key=f"step {step_id}",
        icon=":material/check:",
        on_click=layout.on_click(lambda client: client.complete_milestone(goal_id, step_id), "Milestone completed."),
    )


def _new() -> None:
    with st.expander("Add goal", icon=":material/add:"), st.form("new goal", border=False, clear_on_submit=True):
        title = st.text_input("Goal", max_chars=500)
        target = st.date_input("Due date", None, format="YYYY-MM-DD")
        if st.form_submit_button("Add", type="primary") and title.strip():
            fields = {"target_date": str(target)} if target else {}
            if layout.perform(lambda client: client.create_goal(title, **fields), "Added."):
                st.rerun()


def _others(goals: list[Json]) -> None:
    if not goals:
        return
    with st.expander(f"{len(goals)} completed, paused or cancelled"):
        for goal in goals:
            st.markdown(f"{current_user.escape_markdown(goal['title'])} · {goal['status']} at {goal['progress']:.0f}%")

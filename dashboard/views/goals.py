"""Goals: progress against an even pace, and the completion forecast."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Json
from dashboard.charts import goals as charts
from dashboard.components import layout
from dashboard.components.explanation import explain
from dashboard.components.live_refresh import refreshing
from dashboard.data import lake
from focusflow import locales
from focusflow.approximate_dates import approximately, between
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext

A_PAGE = 10
PACE = mark(
    "The dashed line is an even pace from start to target date. Ahead and behind are measured against it. The band is the forecast."
)
STATES = {
    "completed": mark("completed at {progress}"),
    "paused": mark("paused at {progress}"),
    "cancelled": mark("cancelled at {progress}"),
    "abandoned": mark("abandoned at {progress}"),
}
MIN_POINTS_OFF = 1  # of the whole goal; closer to the even pace is on pace
FORECAST = mark(
    "When it is reached if it goes on as in the twelve weeks before, with their trend: as likely before as after the time in the middle, and"
    " eight times in ten between the other two. Dates are as exact as they are known. It is no promise: it knows nothing of what is ahead."
)


def page() -> None:
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header(_("Goals"), today)
    goals = layout.fetch(lambda client: list(client.goals(limit=200)))
    if goals is None:
        return
    if not goals:
        layout.empty_state(_("No goals yet. Add one below with a target date."))
    active = [goal for goal in goals if goal["status"] == "active"]
    if active:
        progress = lake.query("goal_progress", first=span.first, last=span.last)
        active.sort(key=lambda each: each["target_date"] or "9999")
        for goal in layout.paginate(active, A_PAGE, "goals-page"):
            _goal(goal, progress, today)
        layout.footer(progress, span, "goals", "gold/goal_progress")
        explain(span)
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
            st.metric(_("Progress"), standing(goal), help=_(PACE), height=layout.METRIC_HEIGHT)
            st.caption(pace(goal, days, today))
            if len(days) and (forecast := _forecast(days.row(-1, named=True))):
                st.caption(forecast, help=_(FORECAST))
        with right:
            if len(days) > 1:
                whole = goal["target_value"] if goal["measurement"] == "number" else 100
                unit = "%" if goal["measurement"] != "number" else f" {goal['unit']}" if goal["unit"] else ""
                layout.chart(
                    charts.pace(days, whole, unit),
                    _(
                        "Progress of this goal from {first} to {last} percent, over an even pace, and when it is likely to be reached.",
                        first=locales.count(days["progress"][0]),
                        last=locales.count(days["progress"][-1]),
                    ),
                )
            else:
                st.caption(_("The chart starts tomorrow."))
        if goal["measurement"] == "milestones":
            _steps(goal)


def standing(goal: Json) -> str:
    """How far a goal has come, in its own unit.

    >>> number = {"measurement": "number", "current_value": 1180.0, "target_value": 2000.0, "progress": 59, "unit": "km"}
    >>> standing(number), standing(number | {"unit": None}), standing({"measurement": "percent", "progress": 40})
    ('1,180 of 2,000 km', '1,180 of 2,000', '40%')
    """
    if goal["measurement"] != "number":
        return formatting.percent(goal["progress"] / 100)
    amounts = _(
        "{part} of {whole}",
        part=formatting.amount(goal["current_value"]),
        whole=formatting.amount(goal["target_value"]),
    )
    return f"{amounts} {goal['unit']}" if goal["unit"] else amounts


def pace(goal: Json, days: pl.DataFrame, today: date) -> str:
    """How far a goal is ahead or behind, and how long it has, as text."""
    if goal["target_date"] is None:
        return _("No target date, so no pace to compare with.")
    left = (date.fromisoformat(goal["target_date"]) - today).days
    if not left:
        until = _("due today")
    elif left > 0:
        until = ngettext("{n} day left", "{n} days left", left)
    else:
        until = ngettext("{n} day overdue", "{n} days overdue", -left)
    ahead = days["ahead"][-1] if len(days) else None
    if ahead is None:
        return f"{until[0].upper()}{until[1:]}."
    if abs(ahead) < MIN_POINTS_OFF:
        off = _("On pace")
    else:
        amount = _off(goal, abs(ahead))
        off = _("{amount} ahead", amount=amount) if ahead > 0 else _("{amount} behind", amount=amount)
    return f"{off} · {until}"


def _off(goal: Json, points: float) -> str:
    """
    >>> _off({"measurement": "number", "target_value": 24, "unit": "books"}, 12.4), _off({"measurement": "percent"}, 12.4)
    ('3 books', '12 points')
    """
    if goal["measurement"] != "number":
        return ngettext("{n} point", "{n} points", points)
    value = points / 100 * goal["target_value"]
    exact = value if value < 1 else round(value)
    return f"{formatting.amount(exact)} {goal['unit'] or ''}".strip()


def _forecast(day: dict[str, Any]) -> str | None:
    """The forecast as text, None without a forecast."""
    early, middle, late, target = (
        day[name] for name in ("forecast_p10", "forecast_p50", "forecast_p90", "target_date")
    )
    if middle is None:
        return None
    span = (late - early).days if early and late else None
    likely = _("Likely around {when}", when=approximately(middle, span))
    if early is not None:
        likely += f", {between(early, late)}"
    chance = day["probability_on_time"]
    if chance is None or target is None:
        return f"{likely}."
    finishing = _(
        "{chance} chance of finishing by {day}.", chance=formatting.chance(chance), day=locales.day_of_year(target)
    )
    return f"{finishing[:1].upper()}{finishing[1:]} {likely}."


def _progress_form(goal: Json) -> None:
    """A form to record progress."""
    if goal["measurement"] == "milestones":
        return
    with (
        st.popover(_("Record progress"), icon=":material/trending_up:"),
        st.form(f"progress {goal['id']}", border=False),
    ):
        is_number = goal["measurement"] == "number"
        label = (
            _("{unit} so far", unit=(goal["unit"] or _("progress")).capitalize()) if is_number else _("Percent so far")
        )
        top = None if is_number else 100.0
        value = st.number_input(label, 0.0, top, float(goal["current_value"]), key=f"value {goal['id']}")
        if st.form_submit_button(_("Record"), type="primary"):
            layout.perform_and_rerun(
                lambda client: client.record_progress(goal["id"], value),
                _("Recorded. The chart updates in a few seconds."),
            )


def _steps(goal: Json) -> None:
    """The milestones, loaded when opened."""
    with st.expander(_("Milestones"), on_change="rerun", key=f"steps {goal['id']}") as opened:
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
        _("Done"),
        key=f"step {step_id}",
        icon=":material/check:",
        on_click=layout.on_click(lambda client: client.complete_milestone(goal_id, step_id), _("Milestone completed.")),
    )


def _new() -> None:
    with st.expander(_("Add goal"), icon=":material/add:"), st.form("new goal", border=False, clear_on_submit=True):
        title = st.text_input(_("Goal"), max_chars=500)
        with st.container(horizontal=True):
            number = st.number_input(_("Number to reach"), 0.0, None, None, help=_("Leave it empty to record percent."))
            unit = st.text_input(_("Unit"), max_chars=60, placeholder=_("books"))
        target = st.date_input(_("Target date"), None, format=formatting.date_input_format())
        if st.form_submit_button(_("Add"), type="primary") and title.strip():
            fields: dict[str, Any] = {"target_date": str(target)} if target else {}
            if number:
                fields |= {"measurement": "number", "target_value": number, "unit": unit.strip() or None}
            layout.perform_and_rerun(lambda client: client.create_goal(title, **fields), _("Added."))


def _others(goals: list[Json]) -> None:
    if not goals:
        return
    with st.expander(_("{n} completed, paused or cancelled", n=len(goals))):
        for goal in goals:
            progress = locales.percent(goal["progress"] / 100)
            state = _(STATES[goal["status"]], progress=progress) if goal["status"] in STATES else progress
            st.markdown(f"{current_user.escape_markdown(goal['title'])} · {state}")

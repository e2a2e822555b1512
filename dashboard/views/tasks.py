"""Tasks: the working list first, then how tasks come and go: flow, lead time, overdue tasks, and accuracy of estimates."""

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.charts import tasks as charts
from dashboard.components import command_bar, layout, undo
from dashboard.components.explanation import explain
from dashboard.components.live_refresh import refreshing
from dashboard.components.task_list import task_list
from dashboard.data import lake
from focusflow import locales
from focusflow.clock import Period
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.metrics import BY_NAME

LEAD_TIME = mark("Time from creation to completion. Half of the tasks took less than the median.")
FACTOR = mark(
    "Actual time per estimated hour, shrunk toward one hour where there are few tasks. The dot is the median,"
    " the line covers 80 % of tasks. Use the upper end where it matters."
)


def page() -> None:
    me = current_user.require_user()
    undo.last_act("tasks")
    span = layout.page_header(_("Tasks"), current_user.local_today(me))
    command_bar.add_task()
    task_list(me)
    _trends(span)
    refreshing()


def _trends(span: Period) -> None:
    first = lake.before(span.first, span.last)
    flow = lake.query("task_flow", first=first, last=span.last)
    if flow.is_empty():
        st.caption(_("How your tasks come and go appears here after the first of them in this range."))
        return
    done = lake.query("tasks_completed", first=first, last=span.last)
    _numbers(*(_split(each, day, span) for each, day in ((flow, "local_date"), (done, "completed_on"))))
    flow, done = flow.filter(pl.col("local_date") >= span.first), done.filter(pl.col("completed_on") >= span.first)
    left, right = st.columns(2, gap="large")
    with left:
        layout.section_header(_("Created and completed per week"), _(BY_NAME["tasks_completed"].meaning))
        layout.chart(charts.flow_bars(flow), _("Tasks created and completed per week."))
        layout.section_header(_("Lead time"), _(LEAD_TIME))
        if done["lead_hours"].is_null().all():
            st.caption(_("Nothing completed in this range."))
        else:
            layout.chart(charts.lead_bars(done), _("Completed tasks by lead time."))
    with right:
        layout.section_header(_("Open at end of day"), _("Orange: overdue."))
        if len(flow) < 2:
            st.caption(_("Two days make a line: it begins tomorrow."))
        else:
            layout.chart(charts.open_area(flow), _("Open and overdue tasks at the end of each day."))
        _estimates()
    layout.footer(flow, span, "tasks", "gold/task_flow_daily")
    explain(span)


def _split(frame: pl.DataFrame, day: str, span: Period) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of the span, and those before it."""
    return frame.filter(pl.col(day) >= span.first), frame.filter(pl.col(day) < span.first)


def _numbers(flow: tuple[pl.DataFrame, pl.DataFrame], done: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    (now, then), (done_now, done_then) = flow, done
    comparable = len(now) == len(then)
    last = now.row(-1, named=True)
    with layout.card_grid(4):
        for metric, column in (("tasks_created", "created"), ("tasks_completed", "completed")):
            total, earlier = lake.total(now, column), lake.total(then, column) if comparable else None
            layout.metric(metric, formatting.number(total), formatting.against_before(total, earlier))
        layout.stat(
            _("Median lead time"),
            formatting.lead_time(_median(done_now)),
            _lead_before(_median(done_then)),
            _(LEAD_TIME),
        )
        layout.metric(
            "tasks_overdue",
            formatting.number(last["overdue"]),
            _("of {open} open", open=formatting.number(last["open"])),
        )


def _median(done: pl.DataFrame) -> float | None:
    median = done["lead_hours"].median()
    return float(median) if isinstance(median, float) else None


def _lead_before(hours: float | None) -> str | None:
    return None if hours is None else _("{hours} in the period before", hours=formatting.lead_time(hours))


def _estimates() -> None:
    layout.section_header(_("What an estimated hour takes"), _(FACTOR))
    estimates = lake.query("estimates")
    if estimates.is_empty() or not estimates["tasks"].sum():
        layout.empty_state(_("Estimate and time a few tasks to see how accurate your estimates are."))
        return
    names = layout.categories() | {"*": _("All tasks")}
    described = estimates.with_columns(
        category=pl.col("category_id").replace_strict(names, default=_("No longer there"), return_dtype=pl.String),
        said=pl.struct("factor_low", "factor_high").map_elements(_range_in_hours, return_dtype=pl.String),
    ).head(8)
    layout.chart(charts.estimate_ranges(described), _("Actual time per estimated hour by category."))
    every = described.filter(pl.col("category_id") == "*")
    if len(every):
        hours, tasks = every["said"][0], every["tasks"][0]
        st.caption(
            ngettext(
                "Your hour means {hours}, from {n} task.",
                "Your hour means {hours}, from {n} tasks.",
                tasks,
                hours=hours,
            )
        )


def _range_in_hours(factors: dict[str, float]) -> str:
    low, high = (locales.decimal(factors[name], 1, 1) for name in ("factor_low", "factor_high"))
    return _("{begin} to {end}", begin=low, end=f"{high} h")

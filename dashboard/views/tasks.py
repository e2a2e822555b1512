"""Tasks: created and completed, lead time, overdue tasks, and accuracy of estimates."""

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.charts import tasks as charts
from dashboard.components import layout
from dashboard.components.explanation import explain
from dashboard.components.live_refresh import refreshing
from dashboard.data import lake
from focusflow.clock import Period
from focusflow.metrics import BY_NAME
from focusflow.score_reasons import highlights

LEAD_TIME = "Time from creation to completion. Half of the tasks took less than the median."
LISTED = 100  # the API gives no more at once
FACTOR = (
    "Actual time per estimated hour, shrunk toward one hour where there are few tasks. The dot is the median,"
    " the line covers 80 % of tasks. Use the upper end where it matters."
)


def page() -> None:
    me = current_user.require_user()
    span = layout.page_header("Tasks", current_user.local_today(me))
    first = lake.before(span.first, span.last)
    flow = lake.query("task_flow", first=first, last=span.last)
    if flow.is_empty():
        layout.empty_state("No tasks in this range. Add one on Today; it is counted here within seconds.")
        refreshing()
        return
    done = lake.query("tasks_completed", first=first, last=span.last)
    _numbers(*(_split(each, day, span) for each, day in ((flow, "local_date"), (done, "completed_on"))))
    flow, done = flow.filter(pl.col("local_date") >= span.first), done.filter(pl.col("completed_on") >= span.first)
    left, right = st.columns(2, gap="large")
    with left:
        layout.section_header("Created and completed per week", BY_NAME["tasks_completed"].meaning)
        layout.chart(charts.flow_bars(flow), "Tasks created and completed per week.")
        layout.section_header("Lead time", LEAD_TIME)
        layout.chart(charts.lead_bars(done), "Completed tasks by lead time.")
    with right:
        layout.section_header("Open at end of day", "Orange: overdue.")
        layout.chart(charts.open_area(flow), "Open and overdue tasks at the end of each day.")
        _estimates()
    layout.footer(flow, span, "tasks", "gold/task_flow_daily")
    explain(span)
    _by_priority()
    refreshing()


def _by_priority() -> None:
    """Open tasks by score, loaded when opened."""
    with st.expander(
        "Open tasks by priority", icon=":material/format_list_numbered:", on_change="rerun", key="by priority"
    ) as opened:
        tasks = layout.fetch(lambda client: client.scores(LISTED)) if opened.open else None
        if tasks is None:
            return
        if not tasks:
            layout.empty_state("No open tasks. Add one on Today.")
            return
        listed = pl.DataFrame(
            [
                {"rank": task["rank"], "task": task["title"], "score": task["score"], "because": ", ".join(each["text"] for each in highlights(task["reasons"], 3))}
                for task in tasks
            ]
        )  # fmt: skip
        st.dataframe(
            listed,
            hide_index=True,
            column_config={
                "rank": st.column_config.NumberColumn("Rank", width="small"),
                "task": "Task",
                "score": st.column_config.ProgressColumn("Score", format="%.0f", min_value=0, max_value=100),
                "because": "Because",
            },
        )
        layout.csv_button(listed, "open-tasks")


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
            "Median lead time", formatting.lead_time(_median(done_now)), _lead_before(_median(done_then)), LEAD_TIME
        )
        layout.metric("tasks_overdue", formatting.number(last["overdue"]), f"of {formatting.number(last['open'])} open")


def _median(done: pl.DataFrame) -> float | None:
    median = done["lead_hours"].median()
    return float(median) if isinstance(median, float) else None


def _lead_before(hours: float | None) -> str | None:
    return None if hours is None else f"{formatting.lead_time(hours)} in the period before"


def _estimates() -> None:
    layout.section_header("What an estimated hour takes", FACTOR)
    estimates = lake.query("estimates")
    if estimates.is_empty() or not estimates["tasks"].sum():
        layout.empty_state("Estimate and time a few tasks to see how accurate your estimates are.")
        return
    names = layout.categories() | {"*": "All tasks"}
    described = estimates.with_columns(
        category=pl.col("category_id").replace_strict(names, default="No longer there", return_dtype=pl.String),
        said=pl.format(
            "{} to {} h",
            pl.col("factor_low").round(1).cast(pl.String),
            pl.col("factor_high").round(1).cast(pl.String),
        ),
    ).head(8)
    layout.chart(charts.estimate_ranges(described), "Actual time per estimated hour by category.")
    every = described.filter(pl.col("category_id") == "*")
    if len(every):
        st.caption(f"Your hour means {every['said'][0]}, from {formatting.number(every['tasks'][0])} tasks.")

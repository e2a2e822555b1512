"""Today: what to do next and why, and how the day goes against one's own usual."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data, person, words
from dashboard.charts import days as charts
from dashboard.live import refreshing
from dashboard.sessions import Session
from dashboard.shared import shared
from focusflow import clock
from focusflow.client import Json
from focusflow.metrics import BY_NAME
from focusflow.problems import Problem

SHOWN, REASONS = 5, 3
OFTEN_SAID = "open"  # the reason that every task has


def page() -> None:
    me = person.current()
    today, local_now = person.today_of(me), clock.now().astimezone(clock.zone(me.timezone))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(f"{words.greeting(local_now.hour)}, {person.quoted(me.display_name)}", anchor=False)
        is_calm = st.toggle(
            "Calm", key="calm", bind="query-params", help="One next step, and no counts of what is late."
        )
    st.caption(words.long_date(today))
    try:
        tasks = _scores(me)
    except Problem as problem:
        st.error(str(problem), icon=":material/cloud_off:")
        tasks = []
    if is_calm:
        _next_tasks(me, tasks[:1], "One next step")
        refreshing(partial(_has_changed, me, tasks))
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _next_tasks(me, tasks[:SHOWN], "Next")
        if len(tasks) > SHOWN:
            with st.expander(f"{len(tasks) - SHOWN} more open tasks"):
                for task in tasks[SHOWN:]:
                    st.markdown(f"{task['rank']}. {person.quoted(task['title'])}")
    with right:
        _the_day(me, today)
    refreshing(partial(_has_changed, me, tasks))


def _scores(me: Session) -> list[Json]:
    with shared().store.client(me) as client:
        return client.scores(50)


def _has_changed(me: Session, tasks: list[Json]) -> bool:
    """Scores are published a while after the gold table from which they come, so its version does not tell."""
    try:
        return _scores(me) != tasks
    except Problem:
        return False  # what is shown is better than nothing


def _next_tasks(me: Session, tasks: list[Json], title: str) -> None:
    st.subheader(title, anchor=False, help="Open tasks by priority score. Each score is the sum of its reasons.")
    if not tasks:
        st.info(
            "Nothing is open. Add a task through the API, and it is here within seconds.", icon=":material/task_alt:"
        )
    for task in tasks:
        with st.container(border=True):
            _task(me, task)


def _task(me: Session, task: Json) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{person.quoted(task['title'])}**")
        st.button(
            "Done",
            key=f"complete {task['task_id']}",
            icon=":material/check:",
            help="Complete this task",
            on_click=_complete,
            args=(me, task["task_id"]),
        )
    reasons = [each for each in task["reasons"] if each["code"] != OFTEN_SAID]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for reason in reasons[:REASONS]:
            is_pressing = reason["code"] == "due" and "overdue" in reason["text"]
            st.badge(reason["text"], color="orange" if is_pressing else "gray")
        with st.popover(f"Score {task['score']:.0f}", type="tertiary"):
            _why(me, task)


def _why(me: Session, task: Json) -> None:
    st.markdown("**Why this score**")
    lines = [f"| {each['text']} | {each['points']:+.1f} |" for each in task["reasons"]]
    st.markdown("\n".join(["| reason | points |", "|---|---:|", *lines, f"| **score** | **{task['score']:.1f}** |"]))
    due = words.due(task, person.today_of(me), _local(task["due_at"], me) if task["due_at"] else None)
    said = f"Due {due}. " if due else ""
    st.caption(f"{said}By {task['model_version']}, as of {_local(task['as_of'], me):%H:%M}.")


def _complete(me: Session, task_id: str) -> None:
    try:
        with shared().store.client(me) as client:
            client.complete_task(task_id)
        st.toast("Done. The numbers follow in a few seconds.", icon=":material/task_alt:")
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")


def _the_day(me: Session, today: date) -> None:
    days = data.days(today - timedelta(days=56), today)
    st.subheader("The day so far", anchor=False)
    if days.is_empty() or days["local_date"].max() != today:
        st.info("Today's numbers are being computed. They appear here by themselves.", icon=":material/hourglass_top:")
        return
    row = days.row(-1, named=True)
    usual = days.filter((pl.col("local_date") < today) & (pl.col("local_date").dt.weekday() == today.isoweekday()))
    with st.container(horizontal=True):
        _number("tasks_completed", words.number(row["tasks_completed"]), _usual(usual, "tasks_completed", today))
        _number("focus_minutes", words.minutes(row["focus_minutes"]), _target(row))
    with st.container(horizontal=True):
        habits = f"{row['habits_completed']} of {row['habits_scheduled']}" if row["habits_scheduled"] else words.NONE
        _number("habits_completed", habits, "due today" if row["habits_scheduled"] else "none due today")
        _number("tasks_overdue", words.number(row["tasks_overdue"]), f"of {row['tasks_open']} open")
    st.subheader("The last eight weeks", anchor=False, help=BY_NAME["productivity_score"].meaning)
    st.altair_chart(charts.score_line(days), width="stretch")
    st.caption("Productivity score: dots are days, the line is the mean of seven.")
    as_of = data.as_of()
    if as_of:
        st.caption(f"Numbers as of {as_of.astimezone(clock.zone(me.timezone)):%H:%M}. They renew themselves.")


def _number(metric: str, value: str, beside: str) -> None:
    defined = BY_NAME[metric]
    with st.container(border=True):
        st.metric(defined.label, value, help=defined.meaning)
        st.caption(beside)


def _usual(usual: pl.DataFrame, column: str, today: date) -> str:
    if len(usual) < 4:
        return "too little data yet to say what is usual"
    low, high = usual[column].quantile(0.1, "nearest"), usual[column].quantile(0.9, "nearest")
    return f"usual on a {today:%A}: {words.number(low)} to {words.number(high)}"


def _target(row: dict[str, Any]) -> str:
    target = row["focus_target_minutes"]
    return f"of {words.minutes(target)}" if target else "no target yet"


def _local(moment: str, me: Session) -> datetime:
    return datetime.fromisoformat(moment).astimezone(clock.zone(me.timezone))

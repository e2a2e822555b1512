"""Today: what to do next and why, and how the day goes against one's own usual."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.charts import days as charts
from dashboard.components import imports, layout
from dashboard.components.day_plan import plan
from dashboard.components.live_refresh import refreshing
from dashboard.components.timer import starting, timer
from dashboard.data import lake
from focusflow import clock
from focusflow.durations import duration
from focusflow.errors import Problem
from focusflow.metrics import BY_NAME
from focusflow.score_reasons import highlights

NEXT_TASKS, REASONS, LISTED_TASKS = 5, 3, 50
ENOUGH = 4  # days of the same weekday, to say what is usual on one
AWAY = 3  # days without anything done, after which the next one is a comeback
CAME_BACK = "A comeback is a day with a task, a habit or focus after such a gap. Days off are no gap."
SNOOZE = {"Until tomorrow": 1, "For three days": 3, "For a week": 7}


def page() -> None:
    me = current_user.require_user()
    today, local_now = current_user.local_today(me), clock.now().astimezone(clock.zone(me.timezone))
    with layout.row():
        st.title(
            f"{formatting.greeting(local_now.hour)}, {current_user.escape_markdown(me.display_name)}", anchor=False
        )
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            _new()
            is_calm = st.toggle(
                "Calm",
                _is_calm_by_choice(),
                key="calm",
                bind="query-params",
                help="One next step, and no counts of what is late.",
            )
    st.caption(formatting.long_date(today))
    found = layout.fetch(_scores)
    tasks: list[Json] | None = found["items"] if found else None
    if found is not None:
        timer(startable=False)
    if found is not None and not found["open"] and layout.fetch(imports.is_first_run):
        _first_run()
    if is_calm:
        _next_tasks(me, tasks and [kindly(each) for each in tasks], 1, "One next step")
        _came_back(today)
        refreshing(partial(_has_changed, found))
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _next_tasks(me, tasks, NEXT_TASKS, "Next")
        if tasks:
            plan(me)
        if found:
            _further(found)
    with right:
        _the_day(me, today, found)
    refreshing(partial(_has_changed, found))


def _first_run() -> None:
    """What a new user can do before anything else."""
    with st.container(border=True):
        layout.section_header("Bring your history")
        st.markdown(
            "Your past in another program makes these pages useful at once: your own year, your usual week, your streaks."
        )
        imports.upload()
        imports.imports(only_unfinished=True)


def _is_calm_by_choice() -> bool:
    """As the preferences have it; asked for once a visit."""
    if "calm by choice" not in st.session_state:
        chosen = layout.fetch(Client.preferences)
        st.session_state["calm by choice"] = bool(chosen and chosen["calm_mode"])
    return bool(st.session_state["calm by choice"])


def _scores(client: Client) -> Json:
    return client.open_tasks(LISTED_TASKS)


def _further(found: Json) -> None:
    """The open tasks that are not among the next: by name those that can be begun, by number those that cannot."""
    listed, number = found["items"][NEXT_TASKS:], found["open"] - len(found["items"][:NEXT_TASKS])
    if number <= 0:
        return
    with st.expander(f"{formatting.count(number, 'more open task')}"):
        for task in listed:
            st.markdown(f"{task['rank']}. {current_user.escape_markdown(task['title'])}")
        unlisted = number - len(listed) - found["not_begun"] - found["blocked"]
        others = [
            (unlisted, "further down the list"),
            (found["blocked"], "blocked by another task"),
            (found["not_begun"], "not to be begun yet"),
        ]
        if said := ", ".join(f"{each} {why}" for each, why in others if each > 0):
            st.caption(f"And {said}.")


def _has_changed(tasks: Json | None) -> bool:
    """Scores are published a while after the gold table from which they come, so its version does not tell."""
    try:
        return layout.call_api(_scores) != tasks
    except Problem:
        return False  # what is shown is better than nothing


def _next_tasks(me: Session, tasks: list[Json] | None, most: int, title: str) -> None:
    """The first of them; None where the API did not answer, which is no empty list."""
    layout.section_header(title, "Open tasks by priority score. Each score is the sum of its reasons.")
    if tasks is None:
        st.caption("Your tasks could not be loaded. They appear here as soon as possible.")
        return
    if not tasks:
        st.info("No open tasks. Add one above.", icon=":material/task_alt:")
    for task in tasks[:most]:
        with st.container(border=True):
            _task(me, task)


def _task(me: Session, task: Json) -> None:
    task_id = task["task_id"]
    with layout.row():
        st.markdown(f"**{current_user.escape_markdown(task['title'])}**")
        with st.container(horizontal=True, width="content", gap="small"):
            _snooze(me, task_id)
            st.button(
                "Start",
                key=f"start {task_id}",
                icon=":material/play_arrow:",
                help="Start the timer for this task",
                on_click=starting(task_id),
            )
            st.button(
                "Done",
                key=f"complete {task_id}",
                icon=":material/check:",
                help="Complete this task",
                on_click=layout.on_click(
                    lambda client: client.complete_task(task_id), "Done. The numbers update in a few seconds."
                ),
            )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for reason in highlights(task["reasons"], REASONS):
            st.badge(reason["text"], color="orange" if is_late(reason) else "gray")
        with st.popover(f"Score {task['score']:.0f}", type="tertiary"):
            _why(me, task)


def is_late(reason: Mapping[str, Any]) -> bool:
    return bool(reason["code"] == "due" and "overdue" in reason["text"])


def kindly(task: Json) -> Json:
    """A task without the count of days that it is late."""
    if not any(map(is_late, task["reasons"])):
        return task
    reasons = [each | {"text": "due"} if is_late(each) else each for each in task["reasons"]]
    return task | {"reasons": reasons, "due_date": None, "due_at": None}


def _snooze(me: Session, task_id: str) -> None:
    key = f"snooze {task_id}"

    def until_then() -> None:
        until = clock.start_of(
            current_user.local_today(me) + timedelta(days=SNOOZE[st.session_state[key]]), me.timezone
        )
        layout.perform(lambda client: client.snooze_task(task_id, until), "Hidden until then. The due date stays.")

    st.menu_button(
        "Snooze",
        list(SNOOZE),
        key=key,
        icon=":material/snooze:",
        help="Snooze",
        on_click=until_then,
    )


def _new() -> None:
    with st.popover("Add task", icon=":material/add:"), st.form("new task", border=False, clear_on_submit=True):
        title = st.text_input("Task", max_chars=500)
        due = st.date_input("Due date", None, format="YYYY-MM-DD")
        priority = st.segmented_control(
            "How important?", ["low", "medium", "high", "urgent"], default="medium", required=True
        )
        minutes = st.number_input("Estimate (min)", 1, 100_000, None)
        if st.form_submit_button("Add", type="primary") and title.strip():
            fields = {"priority": priority, "due_date": str(due) if due else None, "estimated_minutes": minutes}
            if layout.perform(lambda client: client.create_task(title, **fields), "Added."):
                st.rerun()


def _why(me: Session, task: Json) -> None:
    st.markdown("**Why this score**")
    lines = [f"| {each['text']} | {each['points']:+.1f} |" for each in task["reasons"]]
    st.markdown("\n".join(["| reason | points |", "|---|---:|", *lines, f"| **score** | **{task['score']:.1f}** |"]))
    due = formatting.due(
        task, current_user.local_today(me), layout.local(task["due_at"], me) if task["due_at"] else None
    )
    text = f"Due {due}. " if due else ""
    st.caption(f"{text}By {task['model_version']}, as of {layout.local(task['as_of'], me):%H:%M}.")


def _the_day(me: Session, today: date, tasks: Json | None) -> None:
    days = lake.days(today - timedelta(days=56), today)
    layout.section_header("The day so far")
    if days.is_empty() or days["local_date"].max() != today:
        layout.empty_state("Today's numbers are being computed and will appear here.")
        return
    row = days.row(-1, named=True)
    usual = days.filter(
        (pl.col("local_date") < today)
        & (pl.col("local_date").dt.weekday() == today.isoweekday())
        & ~pl.col("is_day_off").fill_null(False)
    )
    habits = f"{row['habits_completed']} of {row['habits_scheduled']}" if row["habits_scheduled"] else formatting.NONE
    with layout.card_grid(2):
        layout.metric(
            "tasks_completed", formatting.number(row["tasks_completed"]), _usual(usual, "tasks_completed", today)
        )
        layout.metric("focus_minutes", duration(row["focus_minutes"]), _focus(row, usual))
        layout.metric("habits_completed", habits, "due today" if row["habits_scheduled"] else "none due today")
        is_counted = tasks is not None and tasks["overdue"] is not None  # as the list beside it has them
        counts = tasks if tasks and is_counted else {"overdue": row["tasks_overdue"], "open": row["tasks_open"]}
        layout.metric("tasks_overdue", formatting.number(counts["overdue"]), f"of {counts['open']} open")
    layout.section_header("Last eight weeks", BY_NAME["productivity_score"].meaning)
    layout.chart(charts.score_line(days, today), "Productivity score per day with its 7-day mean.")
    st.caption(
        "Productivity score: dots are days, the ring is today so far, the line is the mean of seven finished days."
    )
    as_of = lake.as_of()
    if as_of:
        st.caption(f"Numbers as of {layout.local(as_of, me):%H:%M}. Updates automatically.")


def _came_back(today: date) -> None:
    """Good news or none: who has not been away has not come back."""
    days = lake.days(today - timedelta(days=56), today)
    times = comebacks(days) if len(days) else 0
    if times:
        often = "once" if times == 1 else f"{times} times"
        st.caption(f"In the last eight weeks you came back {often} after {AWAY} days or more without.", help=CAME_BACK)


def comebacks(days: pl.DataFrame) -> int:
    """How often somebody did something again. Days off do not count as days away."""
    did = pl.any_horizontal(pl.col("tasks_completed", "habits_completed", "focus_minutes").fill_null(0) > 0)
    counted = days.select("local_date", did=did, off=pl.col("is_day_off").fill_null(False)).filter(
        pl.col("did") | ~pl.col("off")
    )
    steps = counted.sort("local_date").with_row_index().filter("did")["index"].cast(pl.Int64).diff()
    return int((steps > AWAY).sum())


def _usual(usual: pl.DataFrame, column: str, today: date) -> str:
    if len(usual) < ENOUGH:
        return "too little data yet to say what is usual"
    return f"usual on a {today:%A}: {_between(usual[column], formatting.number)}"


def _focus(row: dict[str, Any], usual: pl.DataFrame) -> str:
    target = row["focus_target_minutes"]
    aim = f"of {duration(target)}" if target else "no target yet"
    return aim if len(usual) < ENOUGH else f"{aim}; usual: {_between(usual['focus_minutes'], duration)}"


def _between(days: pl.Series, show: Callable[[float | None], str]) -> str:
    """What eight of ten days hold."""
    low, high = (show(days.quantile(share, "nearest")) for share in (0.1, 0.9))
    return low if low == high else f"{low} to {high}"

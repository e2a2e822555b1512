"""Today: how it went, what to do next and why, the plan of the day and its habits; below, how the day goes against one's own usual."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting, morning
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.charts import days as charts
from dashboard.components import command_bar, first_steps, layout, records, undo
from dashboard.components.counts import not_listed
from dashboard.components.day_plan import timeline
from dashboard.components.explanation import explain
from dashboard.components.habits_today import count, habits_today
from dashboard.components.live_refresh import refreshing
from dashboard.components.task_rows import completing, kindly, reasons_of, task_row
from dashboard.components.timer import running, running_bar
from dashboard.data import lake
from focusflow import clock, locales
from focusflow.durations import duration
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.metrics import BY_NAME

NEXT_TASKS, LISTED_TASKS = 5, 50
ENOUGH = 4  # days of the same weekday, to say what is usual on one
WEEKS_BACK = timedelta(weeks=9)
AWAY = 3  # days without anything done, after which the next one is a comeback
CAME_BACK = mark("A comeback is a day with a task, a habit or focus after such a gap. Days off are no gap.")


def page() -> None:
    me = current_user.require_user()
    today, local_now = current_user.local_today(me), clock.now().astimezone(clock.zone(me.timezone))
    undo.last_act("today")
    head, line = st.container(), st.container()  # the line keeps its place, whatever comes before it
    with head:
        with layout.title_row():
            name = current_user.escape_markdown(me.display_name)
            st.title(f"{formatting.greeting(local_now.hour)}, {name}", anchor=False)
            is_calm = st.toggle(
                _("Calm"),
                _is_calm_by_choice(),
                key="calm",
                bind="query-params",
                help=_("One next step, and no counts of what is late."),
            )
        found: Json | None = layout.fetch(lambda client: _morning(client, today))
        days = lake.days(today - WEEKS_BACK, today)
        if not is_calm and (text := morning.sentence(days, today)):
            st.markdown(text)
        else:
            st.caption(formatting.long_date(today))
        if found is not None:
            records.good_news(found["achievements"], days, today)
            running_bar(found, me, _done(found))
    if found is not None:
        with line:
            command_bar.add_task()
        if not is_calm:
            first_steps.checklist(me, found, days)
    if is_calm:
        _tasks(me, found, _("One next step"), slice(0, 1), is_calm=True)
        _came_back(days, today)
    else:
        _whole_day(me, found, days, today)
    refreshing(partial(_has_changed, found and found["scores"]))


def _whole_day(me: Session, found: Json | None, days: pl.DataFrame, today: date) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        _tasks(me, found, _("Next"), slice(0, 1))
        if found:
            timeline(me, found["plan"], found["calendar"])
    if found:
        with right:
            habits_today(found["habits"], today)
            if len(found["scores"]["items"]) > 1:
                _tasks(me, found, _("Then"), slice(1, NEXT_TASKS))
            _further(found["scores"])
    _the_day(me, days, today, found)


def _morning(client: Client, today: date) -> Json:
    """All that the page asks of the API, by one connection."""
    return {
        **running(client),
        "scores": _scores(client),
        "habits": client.habits_of_day(today),
        "plan": client.plan(today),
        "calendar": client.occurrences(today, today),
        "achievements": records.unread_achievements(client),
    }


def _done(found: Json) -> Callable[[], None] | None:
    """Completes the task that the timer runs for."""
    entry = found["running"]
    if not entry or not entry["task_id"]:
        return None
    return completing(entry["task_id"], found["running_title"], entry)


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
    with st.expander(ngettext("{n} more open task", "{n} more open tasks", number)):
        for task in listed:
            st.markdown(f"{task['rank']}. {current_user.escape_markdown(task['title'])}")
        if said := not_listed(found, NEXT_TASKS + len(listed)):
            st.caption(_("And {others}.", others=said))


def _has_changed(tasks: Json | None) -> bool:
    """Scores are published a while after the gold table from which they come, so its version does not tell."""
    try:
        return layout.call_api(_scores) != tasks
    except Problem:
        return False  # what is shown is better than nothing


def _tasks(me: Session, found: Json | None, title: str, places: slice, *, is_calm: bool = False) -> None:
    """Some of them; None where the API did not answer, which is no empty list."""
    layout.section_header(title, _("Open tasks by priority score. Each score is the sum of its reasons."))
    if found is None:
        st.caption(_("Your tasks could not be loaded. They appear here as soon as possible."))
        return
    tasks: list[Json] = found["scores"]["items"]
    if not tasks:
        st.caption(_("No open tasks. Add one above."))
    reasons = reasons_of([kindly(task) for task in tasks] if is_calm else tasks)
    for task in tasks[places]:
        shown = kindly(task) if is_calm else task
        task_row(me, shown, reasons[task["task_id"]], found["running"], is_next=not places.start)


def _the_day(me: Session, days: pl.DataFrame, today: date, found: Json | None) -> None:
    if not has_numbers(days):
        st.caption(_("Your numbers and their trend appear here after your first task, habit or timer."))
        return
    layout.section_header(_("The day so far"))
    if days["local_date"].max() != today:
        layout.empty_state(_("Today's numbers are being computed and will appear here."))
        return
    row = days.row(-1, named=True)
    usual = days.filter(
        (pl.col("local_date") < today)
        & (pl.col("local_date").dt.weekday() == today.isoweekday())
        & ~pl.col("is_day_off").fill_null(False)
    )
    done, due = count(found["habits"]) if found else (row["habits_completed"], row["habits_scheduled"])
    tasks = found["scores"] if found else None
    with layout.card_grid(4):
        layout.metric(
            "tasks_completed", formatting.number(row["tasks_completed"]), _usual(usual, "tasks_completed", today)
        )
        layout.metric("focus_minutes", duration(row["focus_minutes"]), _focus(row, usual))
        layout.metric(
            "habits_completed",
            _("{part} of {whole}", part=done, whole=due) if due else formatting.NONE,
            _("due today") if due else _("none due today"),
        )
        is_counted = tasks is not None and tasks["overdue"] is not None  # as the list above has them
        counts = tasks if tasks and is_counted else {"overdue": row["tasks_overdue"], "open": row["tasks_open"]}
        layout.metric("tasks_overdue", formatting.number(counts["overdue"]), _("of {open} open", open=counts["open"]))
    if days.filter(pl.col("local_date") < today)["productivity_score"].is_not_null().any():
        layout.section_header(_("Last nine weeks"), _(BY_NAME["productivity_score"].meaning))
        layout.chart(charts.score_line(days, today), _("Productivity score per day with its 7-day mean."))
        st.caption(
            _(
                "Productivity score: dots are days, the ring is today so far, the line is the mean of seven finished days."
            )
        )
    else:
        st.caption(_("Your productivity score begins with your first finished day."))
    as_of = lake.as_of()
    if as_of:
        st.caption(_("Numbers as of {time}. Updates automatically.", time=locales.clock(layout.local(as_of, me))))
    explain(clock.Period.day(today))


def has_numbers(days: pl.DataFrame) -> bool:
    """Whether anything was done on any of the days: until then, tiles would be a row of zeros."""
    did = pl.any_horizontal(pl.col("tasks_completed", "habits_completed", "focus_minutes").fill_null(0) > 0)
    return len(days) > 1 or bool(len(days) and days.select(did.any()).item())


def _came_back(days: pl.DataFrame, today: date) -> None:
    """Good news or none: who has not been away has not come back."""
    recent = days.filter(pl.col("local_date") >= today - timedelta(days=56)) if len(days) else days
    times = comebacks(recent) if len(recent) else 0
    if times:
        often = ngettext(
            "In the last eight weeks you came back {n} time after {days} days or more without.",
            "In the last eight weeks you came back {n} times after {days} days or more without.",
            times,
            days=AWAY,
        )
        st.caption(often, help=_(CAME_BACK))


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
        return _("too little data yet to say what is usual")
    usual_range = _between(usual[column], formatting.number)
    return _("usual on a {weekday}: {range}", weekday=locales.weekday_name(today.weekday()), range=usual_range)


def _focus(row: dict[str, Any], usual: pl.DataFrame) -> str:
    target = row["focus_target_minutes"]
    aim = _("of {duration}", duration=duration(target)) if target else _("no target yet")
    if len(usual) < ENOUGH:
        return aim
    return _("{aim}; usual: {range}", aim=aim, range=_between(usual["focus_minutes"], duration))


def _between(days: pl.Series, show: Callable[[float | None], str]) -> str:
    """What eight of ten days hold."""
    low, high = (show(days.quantile(share, "nearest")) for share in (0.1, 0.9))
    return low if low == high else _("{begin} to {end}", begin=low, end=high)

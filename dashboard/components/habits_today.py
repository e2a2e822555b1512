"""The habits of today, each to be ticked."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout, undo
from focusflow.i18n import gettext as _


def habits_today(habits: Sequence[Json], today: date) -> None:
    """Nothing where no habit counts today."""
    shown = [habit for habit in habits if habit["is_due"] or habit["status"] != "open" or _is_possible(habit)]
    if not shown:
        return
    done, due = count(habits)
    layout.section_header(_("Habits: {done} of {due}", done=done, due=due) if due else _("Habits"))
    with st.container(horizontal=True, gap="small", key="habits-today"):
        for habit in shown:
            _tick(habit, today)


def count(habits: Sequence[Json]) -> tuple[int, int]:
    """How many are done, and how many are due."""
    return sum(habit["status"] == "done" for habit in habits), sum(habit["is_due"] for habit in habits)


def _is_possible(habit: Json) -> bool:
    """Whether a habit with a number of times per week still has some to go."""
    return bool(habit["times_per_week"] and habit["done_this_week"] < habit["times_per_week"])


def _tick(habit: Json, today: date) -> None:
    key = f"habit-{habit['habit_id']}-{habit['status']}"
    label = current_user.escape_markdown(habit["title"])
    if habit["status"] == "skipped":
        label += f" :gray[({_('skipped')})]"
    elif habit["times_per_week"]:
        week = _("{done} of {times} this week", done=habit["done_this_week"], times=habit["times_per_week"])
        label += f" :gray[({week})]"
    st.checkbox(label, habit["status"] == "done", key=key, on_change=_ticked, args=(habit, today))


def _ticked(habit: Json, today: date) -> None:
    habit_id = habit["habit_id"]

    def log(client: Client, _before: Any = None) -> Any:
        return client.log_habit(habit_id, today)

    def unlog(client: Client, _before: Any = None) -> Any:
        return client.unlog_habit(habit_id, today)

    title = current_user.escape_markdown(habit["title"])
    if habit["status"] == "done":
        undo.act(unlog, _("Not done after all: **{title}**", title=title), log)
    elif habit["status"] == "skipped":

        def skip(client: Client, before: Json) -> Any:
            return client.log_habit(habit_id, today, skipped=True, skip_reason=before["skip_reason"])

        def log_skipped(client: Client) -> Any:
            before = client.logs(habit_id, today, today)[0]
            log(client)
            return before

        undo.act(log_skipped, _("Logged: **{title}**", title=title), skip)
    else:
        undo.act(log, _("Logged: **{title}**", title=title), unlog)

"""The working list: tasks to filter, sort, search, change in place, and take together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout, task_details, undo
from dashboard.components.counts import not_listed
from dashboard.components.task_rows import REASONS, completing, reopening
from focusflow import locales
from focusflow.contracts.fields import PRIORITIES
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.score_reasons import distinguishing, reason_text

LISTED: Final = 200  # the API gives no more at once
ROW, HEADER, ROWS_AT_ONCE = 35, 38, 15
VERSION = "version of the task list"
STATUS: Final[dict[str, dict[str, Any]]] = {
    mark("Open"): {"open": True},
    mark("Done"): {"status": "completed"},
    mark("All"): {},
}
#: By what the list can be sorted, as the API calls it, and how that reads.
SORTS: Final = {
    "score": mark("By score"),
    "due": mark("By due date"),
    "priority": mark("By priority"),
    "created": mark("By newest"),
}
DUE: Final = (mark("Overdue"), mark("Today"), mark("Next 7 days"))
NO_GOAL: Final = ""

Fields = dict[str, Any]


def task_list(me: Session) -> None:
    today = current_user.local_today(me)
    linked = task_details.linked(me)
    filters, query = _filters(today)
    found = layout.fetch(lambda client: _found(client, filters, query))
    if found is None:
        return
    _counts(found["scores"], len(found["tasks"]), filters, query)
    if not found["tasks"]:
        layout.empty_state(
            _("No task matches.") if query or filters.keys() - {"open", "sort"} else _("No tasks here. Add one above.")
        )
        return
    goals = {goal["id"]: goal["title"] for goal in found["goals"]}
    ids = tuple(task["id"] for task in found["tasks"])
    rows = _rows(found, goals, me)
    chosen = _editor(rows, ids, goals)
    layout.csv_button(rows.drop("select"), "tasks")
    tasks = {task["id"]: task for task in found["tasks"]}
    if chosen:
        _bulk([tasks[each] for each in chosen], me)
    if len(chosen) == 1 and chosen[0] != linked:
        task_details.details(me, tasks[chosen[0]])


def _filters(today: date) -> tuple[Fields, str]:
    """What the list is to hold, as the API takes it, and the query to search for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="list-controls"):
        query = st.text_input(
            _("Search"), key="search", placeholder=_("Search tasks"), max_chars=200, label_visibility="collapsed"
        )
        status = st.segmented_control(
            _("Show"),
            list(STATUS),
            default="Open",
            required=True,
            key="status",
            format_func=_,
            label_visibility="collapsed",
        )
        sort = st.selectbox(
            _("Sort"),
            list(SORTS),
            key="sort",
            format_func=lambda name: _(SORTS[name]),
            label_visibility="collapsed",
            width=150,
        )
        with st.popover(_("Filter"), icon=":material/filter_list:"):
            priority = st.pills(_("Priority"), PRIORITIES, key="priority", format_func=formatting.priority)
            due = st.pills(_("Due"), DUE, key="due", format_func=_)
            tag = st.text_input(_("Tag"), key="tag", max_chars=60)
    filters: Fields = {**STATUS[status], "sort": sort}
    if priority:
        filters["priority"] = priority
    if tag.strip():
        filters["tag"] = tag.strip().removeprefix("#")
    if due == "Overdue":
        filters["due_to"] = today - timedelta(days=1)
    elif due:
        filters |= {"due_from": today, "due_to": today if due == "Today" else today + timedelta(days=7)}
    return filters, query.strip()


def _found(client: Client, filters: Fields, query: str) -> Json:
    if query:
        tasks = [task for task in client.search_tasks(query, 100) if _matches(task, filters)]
    else:
        tasks = list(islice(client.tasks(limit=LISTED, **filters), LISTED))
    return {"tasks": tasks, "scores": client.open_tasks(LISTED), "goals": list(islice(client.goals(limit=200), 200))}


def _matches(task: Json, filters: Fields) -> bool:
    """Whether a task that a search found is among those that the list is to hold."""
    due = task["due_date"] or (task["due_at"] or "")[:10] or None
    return (
        (not filters.get("open") or task["status"] in ("pending", "in_progress"))
        and filters.get("status") in (None, task["status"])
        and filters.get("priority") in (None, task["priority"])
        and (not filters.get("tag") or filters["tag"] in task["tags"])
        and (not filters.get("due_to") or (due is not None and due <= str(filters["due_to"])))
        and (not filters.get("due_from") or (due is not None and due >= str(filters["due_from"])))
    )


def _counts(scores: Json, listed: int, filters: Fields, query: str) -> None:
    """The same counts as on Today, from the same query, and what the list leaves out."""
    text = ngettext("{n} open task", "{n} open tasks", scores["open"])
    if scores["overdue"]:
        text += ", " + ngettext("{n} overdue", "{n} overdue", scores["overdue"])
    if rest := not_listed(scores | {"open": scores["blocked"] + scores["not_begun"]}, 0):
        text += f" ({_('without a score: {tasks}', tasks=rest)})"
    is_whole = filters.get("open") and len(filters) == 2 and not query
    if is_whole and listed < scores["open"]:
        text += ". " + _("The first {listed} are listed: filter or search for the others", listed=listed)
    elif not is_whole:
        text += ". " + ngettext("{n} task matches", "{n} tasks match", listed)
    st.caption(f"{text}.")


def _rows(found: Json, goals: Mapping[str, str], me: Session) -> pl.DataFrame:
    scored = found["scores"]["items"]
    score = {task["task_id"]: task["score"] for task in scored}
    ids = (task["task_id"] for task in scored)
    why = dict(zip(ids, distinguishing(scored, REASONS), strict=True))
    titles = {task["id"]: task["title"] for task in found["tasks"]}
    return pl.DataFrame(
        [
            {
                "select": False,
                "done": task["status"] == "completed",
                "title": task["title"],
                "due": _due(task, me),
                "priority": task["priority"],
                "minutes": task["estimated_minutes"],
                "goal": goals.get(task["goal_id"], NO_GOAL),
                "score": score.get(task["id"]),
                "note": _note(task, why.get(task["id"], []), titles, me),
            }
            for task in found["tasks"]
        ],
        schema={
            "select": pl.Boolean, "done": pl.Boolean, "title": pl.String, "due": pl.Date, "priority": pl.String,
            "minutes": pl.Int64, "goal": pl.String, "score": pl.Float64, "note": pl.String,
        },
    )  # fmt: skip


def _due(task: Json, me: Session) -> date | None:
    if task["due_at"]:
        return layout.local(task["due_at"], me).date()
    return date.fromisoformat(task["due_date"]) if task["due_date"] else None


def _note(task: Json, why: Sequence[Mapping[str, Any]], titles: Mapping[str, str], me: Session) -> str:
    """Why it stands here, or why it has no score."""
    notes = [reason_text(each["text"]) for each in why]
    if task["due_at"]:
        notes.append(_("due at {time}", time=locales.clock(layout.local(task["due_at"], me))))
    if task["status"] in ("pending", "in_progress") and task["start_at"]:
        start = layout.local(task["start_at"], me)
        if start.date() > current_user.local_today(me):
            notes.append(_("starts {day}", day=locales.day_of_year(start)))
    if task["blocked_by"] and not why:
        notes.append(_("waiting for another task"))
    if task["parent_task_id"]:
        parent = titles.get(task["parent_task_id"])
        notes.append(_("part of {task}", task=parent) if parent else _("a subtask"))
    if task["recurrence"]:
        notes.append(_("repeats"))
    return " · ".join(notes)


def _editor(rows: pl.DataFrame, ids: tuple[str, ...], goals: Mapping[str, str]) -> list[str]:
    """The table. Changes are saved as they are made; returns the tasks that are selected."""
    key = f"task list {st.session_state.setdefault(VERSION, 0)} {hash(ids)}"  # of another list, no place is the same
    column = st.column_config
    st.data_editor(
        rows,
        key=key,
        hide_index=True,
        height=HEADER + ROW * min(len(rows), ROWS_AT_ONCE),
        disabled=["score", "note"],
        placeholder="",
        alt=_("Tasks with their due dates, priorities, estimates, goals and scores."),
        on_change=lambda: _changed(key, ids, rows, goals),
        column_config={
            "select": column.CheckboxColumn(_("Select"), width=90),
            "done": column.CheckboxColumn(_("Done"), width=95),
            "title": column.TextColumn(_("Task"), required=True, max_chars=500, width=300),
            "due": column.DateColumn(_("Due"), format=formatting.date_input_format(), width=105),
            "priority": column.SelectboxColumn(
                _("Priority"), options=PRIORITIES, format_func=formatting.priority, required=True, width=95
            ),
            "minutes": column.NumberColumn(
                _("Minutes"), help=_("Estimate"), min_value=1, max_value=100_000, step=1, width=95
            ),
            "goal": column.SelectboxColumn(_("Goal"), options=[NO_GOAL, *dict.fromkeys(goals.values())], width=170),
            "score": column.NumberColumn(_("Score"), format="%.0f", width=65),
            "note": column.TextColumn(_("Notes"), width=320),
        },
    )
    edited: dict[int, Fields] = st.session_state.get(key, {}).get("edited_rows", {})
    return [ids[place] for place, changes in sorted(edited.items()) if changes.get("select") and place < len(ids)]


def _changed(key: str, ids: tuple[str, ...], rows: pl.DataFrame, goals: Mapping[str, str]) -> None:
    edited: dict[int, Fields] = st.session_state[key]["edited_rows"]
    for place, changes in edited.items():
        wanted = {name: value for name, value in changes.items() if name != "select"}
        if wanted:
            save(ids[place], rows.row(place, named=True), wanted, goals)
            st.session_state[VERSION] += 1


def save(task_id: str, row: Fields, wanted: Fields, goals: Mapping[str, str]) -> None:
    """Change a task as its row was changed."""
    title = current_user.escape_markdown(row["title"])
    if "done" in wanted:
        (completing if wanted["done"] else reopening)(task_id, row["title"])()
        return
    changes = patch_of(wanted, goals)

    def change(client: Client) -> Json:
        before = client.task(task_id)
        client.change_task(task_id, **changes)
        return before

    undo.act(
        change,
        _("Changed: **{title}**", title=title),
        lambda client, before: client.change_task(task_id, **_back(before, changes)),
    )


def patch_of(wanted: Fields, goals: Mapping[str, str]) -> Fields:
    """The cells of a row as the API takes them. An emptied due date has been of either kind."""
    names = {"title": "title", "priority": "priority", "minutes": "estimated_minutes"}
    changes = {names[name]: value for name, value in wanted.items() if name in names}
    if "due" in wanted:
        changes |= {"due_date": wanted["due"]} if wanted["due"] else {"due_date": None, "due_at": None}
    if "goal" in wanted:
        by_title = {title: goal_id for goal_id, title in goals.items()}
        changes["goal_id"] = by_title.get(wanted["goal"])
    return changes


def _back(before: Json, changes: Fields) -> Fields:
    back = {name: before[name] for name in changes}
    if "due_date" in changes:
        back.pop("due_date", None)
        back |= {"due_at": before["due_at"]} if before["due_at"] else {"due_date": before["due_date"], "due_at": None}
    return back


def _bulk(tasks: Sequence[Json], me: Session) -> None:
    """What can be done with the selected tasks."""
    chosen, today = _Selection(tasks), current_user.local_today(me)
    days = {_("Today"): today, _("Tomorrow"): today + timedelta(days=1), _("In a week"): today + timedelta(days=7)}
    due: dict[str, Fields] = {name: patch_of({"due": str(day)}, {}) for name, day in days.items()}
    due[_("No due date")] = patch_of({"due": None}, {})
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bulk"):
        st.markdown(_("{name} selected", name=chosen.name), width="content")
        st.button(_("Done"), icon=":material/check:", key="bulk done", on_click=chosen.complete)
        chosen.change(_("Due"), ":material/event:", due)
        chosen.change(
            _("Priority"), ":material/flag:", {formatting.priority(name): {"priority": name} for name in PRIORITIES}
        )
        st.button(_("Delete"), icon=":material/delete:", key="bulk delete", type="tertiary", on_click=chosen.delete)


@dataclass(frozen=True, slots=True)
class _Selection:
    """Some tasks, to which the same is done: to all of them, or to none."""

    tasks: Sequence[Json]

    @property
    def ids(self) -> list[str]:
        return [task["id"] for task in self.tasks]

    @property
    def name(self) -> str:
        if len(self.tasks) == 1:
            return f"**{current_user.escape_markdown(self.tasks[0]['title'])}**"
        return ngettext("{n} task", "{n} tasks", len(self.tasks))

    def complete(self) -> None:
        def reopen(client: Client, _answer: Any) -> None:
            for each in reversed(self.ids):
                client.reopen_task(each)

        self._act(lambda client: client.complete_tasks(self.ids), _("Done: {name}", name=self.name), reopen)

    def delete(self) -> None:
        def restore(client: Client, _answer: Any) -> None:
            for each in self.ids:
                client.restore_task(each)

        self._act(lambda client: client.delete_tasks(self.ids), _("Deleted: {name}", name=self.name), restore)

    def change(self, label: str, icon: str, choices: Mapping[str, Fields]) -> None:
        """A button with the changes to choose from."""
        key = f"bulk {label}"

        def chosen() -> None:
            changes = choices[st.session_state[key]]

            def back(client: Client, _answer: Any) -> None:
                for task in self.tasks:
                    client.change_task(task["id"], **_back(task, changes))

            self._act(
                lambda client: client.change_tasks(self.ids, **changes), _("Changed: {name}", name=self.name), back
            )

        st.menu_button(label, list(choices), key=key, icon=icon, on_click=chosen)

    def _act(self, do: undo.Act, text: str, inverse: Callable[[Client, Any], Any]) -> None:
        if undo.act(do, text, inverse):
            st.session_state[VERSION] += 1

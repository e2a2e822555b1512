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
from dashboard.components import layout, task_cards, task_details, undo
from dashboard.components.counts import not_listed
from dashboard.components.task_rows import REASONS, completing, reopening
from focusflow import locales
from focusflow.contracts.fields import PRIORITIES
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.score_reasons import distinguishing, reason_text

LISTED, SEARCHED = 200, 100  # the API gives no more at once
ROW, HEADER, ROWS_AT_ONCE = 33, 36, 15
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
NONE: Final = ""

Fields = dict[str, Any]

#: The names of goals and categories by their ids, by the column that shows them.
Names = Mapping[str, Mapping[str, str]]


def task_list(me: Session) -> None:
    today = current_user.local_today(me)
    linked = task_details.linked(me)
    names = layout.fetch(_names)
    if names is None:
        return
    filters, query = _filters(today, names)
    found = layout.fetch(lambda client: _found(client, filters, query))
    if found is None:
        return
    _counts(found, filters, query)
    if not found["tasks"]:
        layout.empty_state(
            _("No task matches.") if query or filters.keys() - {"open", "sort"} else _("No tasks here. Add one above.")
        )
        return
    ids = tuple(task["id"] for task in found["tasks"])
    rows = _rows(found, names, me)
    tasks = {task["id"]: task for task in found["tasks"]}
    with st.container(key="list-table"):
        chosen = _editor(rows, ids, names)
    with st.container(key="list-cards"):
        task_cards.cards(
            me,
            found["tasks"],
            rows,
            states(found["tasks"], me),
            lambda task: None if chosen or task["id"] == linked else _opened(me, task, names),
        )
    layout.csv_button(rows.drop("select"), "tasks")
    if chosen:
        _bulk([tasks[each] for each in chosen], me)
    if len(chosen) == 1 and chosen[0] != linked:
        task_details.details(me, tasks[chosen[0]])


def _names(client: Client) -> dict[str, dict[str, str]]:
    return {
        "goal": {goal["id"]: goal["title"] for goal in islice(client.goals(limit=200), 200)},
        "category": {each["id"]: each["name"] for each in client.categories()},
    }


def _filters(today: date, names: Names) -> tuple[Fields, str]:
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
            category = _choice(_("Category"), "category", names)
            goal = _choice(_("Goal"), "goal", names)
    filters: Fields = {**STATUS[status], "sort": sort}
    if priority:
        filters["priority"] = priority
    if tag.strip():
        filters["tag"] = tag.strip().removeprefix("#")
    if category:
        filters["category_id"] = category
    if goal:
        filters["goal_id"] = goal
    if due == "Overdue":
        filters["due_to"] = today - timedelta(days=1)
    elif due:
        filters |= {"due_from": today, "due_to": today if due == "Today" else today + timedelta(days=7)}
    return filters, query.strip()


def _choice(label: str, column: str, names: Names) -> str | None:
    """One of the user's goals or categories to filter by, where there are any."""
    if not names[column]:
        return None
    return st.selectbox(
        label, list(names[column]), index=None, key=f"filter {column}", format_func=lambda each: names[column][each]
    )


def _found(client: Client, filters: Fields, query: str) -> Json:
    """The tasks to list, whether there can be more of them, and the scores."""
    if query:
        tasks = client.search_tasks(query, SEARCHED)
        is_cut = len(tasks) == SEARCHED
        tasks = [task for task in tasks if _matches(task, filters)]
    else:
        tasks = list(islice(client.tasks(limit=LISTED, **filters), LISTED + 1))
        is_cut = len(tasks) > LISTED
    return {"tasks": tasks[:LISTED], "is_cut": is_cut, "scores": client.open_tasks(LISTED)}


def _matches(task: Json, filters: Fields) -> bool:
    """Whether a task that a search found is among those that the list is to hold."""
    due = task["due_date"] or (task["due_at"] or "")[:10] or None
    return (
        (not filters.get("open") or task["status"] in ("pending", "in_progress"))
        and filters.get("status") in (None, task["status"])
        and all(filters.get(name) in (None, task[name]) for name in ("priority", "category_id", "goal_id"))
        and (not filters.get("tag") or filters["tag"] in task["tags"])
        and (not filters.get("due_to") or (due is not None and due <= str(filters["due_to"])))
        and (not filters.get("due_from") or (due is not None and due >= str(filters["due_from"])))
    )


def _counts(found: Json, filters: Fields, query: str) -> None:
    """The same counts as on Today, from the same query, and what the list leaves out."""
    scores, listed = found["scores"], len(found["tasks"])
    text = ngettext("{n} open task", "{n} open tasks", scores["open"])
    if scores["overdue"]:
        text += ", " + ngettext("{n} overdue", "{n} overdue", scores["overdue"])
    if rest := not_listed(scores | {"open": scores["blocked"] + scores["not_begun"]}, 0):
        text += f" ({_('without a score: {tasks}', tasks=rest)})"
    is_whole = filters.get("open") and len(filters) == 2 and not query
    if found["is_cut"] or (is_whole and listed < scores["open"]):
        text += ". " + _("The first {listed} are listed: filter or search for the others", listed=listed)
    elif not is_whole:
        text += ". " + ngettext("{n} task matches", "{n} tasks match", listed)
    st.caption(f"{text}.")


def _rows(found: Json, names: Names, me: Session) -> pl.DataFrame:
    scored = found["scores"]["items"]
    score = {task["task_id"]: task["score"] for task in scored}
    ids = (task["task_id"] for task in scored)
    why = dict(zip(ids, distinguishing(scored, REASONS), strict=True))
    notes = states(found["tasks"], me)
    return pl.DataFrame(
        [
            {
                "select": False,
                "done": task["status"] == "completed",
                "title": task["title"],
                "due": _due(task, me),
                "priority": task["priority"],
                "minutes": task["estimated_minutes"],
                "goal": names["goal"].get(task["goal_id"], NONE),
                "category": names["category"].get(task["category_id"], NONE),
                "score": score.get(task["id"]),
                "note": _note(task, why.get(task["id"], []), note, me),
            }
            for task, note in zip(found["tasks"], notes, strict=True)
        ],
        schema={
            "select": pl.Boolean, "done": pl.Boolean, "title": pl.String, "due": pl.Date, "priority": pl.String,
            "minutes": pl.Int64, "goal": pl.String, "category": pl.String, "score": pl.Float64, "note": pl.String,
        },
    )  # fmt: skip


def _due(task: Json, me: Session) -> date | None:
    if task["due_at"]:
        return layout.local(task["due_at"], me).date()
    return date.fromisoformat(task["due_date"]) if task["due_date"] else None


def _note(task: Json, why: Sequence[Mapping[str, Any]], states: Sequence[str], me: Session) -> str:
    """Why it stands here, or why it has no score."""
    notes = [reason_text(each["text"]) for each in why]
    if task["due_at"]:
        notes.append(_("due at {time}", time=locales.clock(layout.local(task["due_at"], me))))
    return " · ".join([*notes, *states])


def states(tasks: Sequence[Json], me: Session) -> list[list[str]]:
    """What else is to be known of each task: what it waits for, belongs to, and whether it repeats."""
    titles = {task["id"]: task["title"] for task in tasks}
    return [_states(task, titles, me) for task in tasks]


def _states(task: Json, titles: Mapping[str, str], me: Session) -> list[str]:
    found = []
    if task["status"] in ("pending", "in_progress") and task["start_at"]:
        start = layout.local(task["start_at"], me)
        if start.date() > current_user.local_today(me):
            found.append(_("starts {day}", day=locales.day_of_year(start)))
    if task["blocked_by"]:
        found.append(_("waiting for another task"))
    if task["parent_task_id"]:
        parent = titles.get(task["parent_task_id"])
        found.append(_("part of {task}", task=parent) if parent else _("a subtask"))
    if task["recurrence"]:
        found.append(_("repeats"))
    return found


def _editor(rows: pl.DataFrame, ids: tuple[str, ...], names: Names) -> list[str]:
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
        on_change=lambda: _changed(key, ids, rows, names),
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
            "goal": column.SelectboxColumn(_("Goal"), options=options(names["goal"]), width=170),
            "category": column.SelectboxColumn(_("Category"), options=options(names["category"]), width=120),
            "score": column.NumberColumn(_("Score"), format="%.0f", width=65),
            "note": column.TextColumn(_("Notes")),
        },
    )
    edited: dict[int, Fields] = st.session_state.get(key, {}).get("edited_rows", {})
    return [ids[place] for place, changes in sorted(edited.items()) if changes.get("select") and place < len(ids)]


def options(named: Mapping[str, str]) -> list[str]:
    """What a cell can be: none, or each name once."""
    return [NONE, *dict.fromkeys(named.values())]


def _changed(key: str, ids: tuple[str, ...], rows: pl.DataFrame, names: Names) -> None:
    edited: dict[int, Fields] = st.session_state[key]["edited_rows"]
    for place, changes in edited.items():
        wanted = {name: value for name, value in changes.items() if name != "select"}
        if wanted:
            save(ids[place], rows.row(place, named=True), wanted, names)
            st.session_state[VERSION] += 1


def save(task_id: str, row: Fields, wanted: Fields, names: Names) -> None:
    """Change a task as its row was changed."""
    title = current_user.escape_markdown(row["title"])
    if "done" in wanted:
        (completing if wanted["done"] else reopening)(task_id, row["title"])()
        return
    changes = patch_of(wanted, names)

    def change(client: Client) -> Json:
        before = client.task(task_id)
        client.change_task(task_id, **changes)
        return before

    undo.act(
        change,
        _("Changed: **{title}**", title=title),
        lambda client, before: client.change_task(task_id, **_back(before, changes)),
    )


def patch_of(wanted: Fields, names: Names) -> Fields:
    """The cells of a row as the API takes them. An emptied due date has been of either kind."""
    fields = {"title": "title", "priority": "priority", "minutes": "estimated_minutes"}
    changes = {fields[name]: value for name, value in wanted.items() if name in fields}
    if "due" in wanted:
        changes |= {"due_date": wanted["due"]} if wanted["due"] else {"due_date": None, "due_at": None}
    for column in wanted.keys() & names.keys():
        by_name = {name: each for each, name in names[column].items()}
        changes[f"{column}_id"] = by_name.get(wanted[column])
    return changes


def _back(before: Json, changes: Fields) -> Fields:
    back = {name: before[name] for name in changes}
    if "due_date" in changes:
        back.pop("due_date", None)
        back |= {"due_at": before["due_at"]} if before["due_at"] else {"due_date": before["due_date"], "due_at": None}
    return back


def _opened(me: Session, task: Json, names: Names) -> None:
    """What can be changed about the task whose card is open."""
    row = {"title": task["title"]}

    def field(column: str, value: Any, **how: Any) -> dict[str, Any]:
        key = f"card {column} {task['id']} {value}"
        return {"key": key, "on_change": lambda: save(task["id"], row, {column: st.session_state[key]}, names)} | how

    st.text_input(_("Task"), task["title"], max_chars=500, **field("title", task["title"]))
    for column, label in (("goal", _("Goal")), ("category", _("Category"))):
        if names[column]:
            choices, value = options(names[column]), names[column].get(task[f"{column}_id"], NONE)
            st.selectbox(
                label, choices, choices.index(value), **field(column, value), format_func=lambda each: each or _("None")
            )
    _bulk([task], me)
    task_details.details(me, task)


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

"""One task: what a change would do to its score before it is saved, and its subtasks."""

from datetime import date
from typing import Any, Final
from uuid import UUID

import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout, undo
from dashboard.components.task_rows import completing, reopening, sum_of
from focusflow.contracts.fields import PRIORITIES
from focusflow.errors import NotFound
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

WHAT_IF = mark("Try a change and see how score and rank would move. Nothing is saved until you press Save.")


#: The parameter of the address that names a task: reports link to it.
IN_ADDRESS: Final = "task"


def linked(me: Session) -> str | None:
    """Show the task that the address names, if it names one, and return its id."""
    task_id = st.query_params.get(IN_ADDRESS)
    if not task_id:
        return None
    task = layout.fetch(lambda client: _one(client, task_id))
    if not task:
        if task is not None:
            layout.empty_state(_("The task of this link does not exist any more."))
        return None
    with st.container(border=True, key="linked-task"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{current_user.escape_markdown(task['title'])}**")
            is_done = task["status"] == "completed"
            st.button(
                _("Reopen") if is_done else _("Done"),
                key="linked done",
                icon=":material/undo:" if is_done else ":material/check:",
                on_click=(reopening if is_done else completing)(task["id"], task["title"]),
            )
            st.button(
                "", key="linked close", icon=":material/close:", type="tertiary", help=_("Close"), on_click=_unlink
            )
        details(me, task)
    return str(task["id"])


def _one(client: Client, task_id: str) -> Json:
    """A task, or nothing where it is gone or the id is none."""
    try:
        return client.task(str(UUID(task_id)))
    except (NotFound, ValueError):
        return {}


def _unlink() -> None:
    st.query_params.pop(IN_ADDRESS, None)


def details(me: Session, task: Json) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        if task["status"] in ("pending", "in_progress"):
            _what_if(me, task)
    with right:
        _subtasks(task)


def _what_if(me: Session, task: Json) -> None:
    layout.section_header(_("What if"), _(WHAT_IF))
    key, was_due = task["id"], _due(task, me)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        due = st.date_input(
            _("Due date"), was_due, format=formatting.date_input_format(), key=f"what-if due {key}", width=150
        )
        minutes = st.number_input(
            _("Estimate (min)"), 1, 100_000, task["estimated_minutes"], key=f"what-if minutes {key}", width=150
        )
    priority = st.segmented_control(
        _("Priority"),
        PRIORITIES,
        default=task["priority"],
        required=True,
        key=f"what-if priority {key}",
        format_func=formatting.priority,
    )
    changes: dict[str, Any] = {}
    if due != was_due:
        changes |= {"due_date": str(due)} if due else {"due_date": None, "due_at": None}
    if minutes != task["estimated_minutes"]:
        changes["estimated_minutes"] = minutes
    if priority != task["priority"]:
        changes["priority"] = priority
    found = layout.fetch(lambda client: client.what_if(key, **changes))
    if found is None:
        return
    st.markdown(verdict(found, is_changed=bool(changes)))
    with st.popover(_("Why"), type="tertiary"):
        st.markdown(sum_of(found["reasons"], found["score"]))
    if changes:
        before = {name: task[name] for name in ("due_date", "due_at", "estimated_minutes", "priority")}
        st.button(
            _("Save"),
            type="primary",
            key=f"what-if save {key}",
            on_click=undo.on_click(
                lambda client: client.change_task(key, **changes),
                _("Changed: **{title}**", title=current_user.escape_markdown(task["title"])),
                lambda client, _answer: client.change_task(key, **before),
            ),
        )


def verdict(found: Json, *, is_changed: bool) -> str:
    """
    >>> verdict({"score": 61.2, "rank": 1, "score_now": 47.0, "rank_now": 3, "tasks": 21}, is_changed=True)
    'Score **47 → 61**, rank **3 → 1** of 21'
    >>> verdict({"score": 47.0, "rank": 3, "score_now": 47.0, "rank_now": 3, "tasks": 21}, is_changed=False)
    'Score **47**, rank **3** of 21'
    """
    if not is_changed:
        return _(
            "Score **{score}**, rank **{rank}** of {tasks}",
            score=f"{found['score']:.0f}",
            rank=found["rank"],
            tasks=found["tasks"],
        )
    score, rank = (
        f"{now:.0f} → {then:.0f}"
        for now, then in ((found["score_now"], found["score"]), (found["rank_now"], found["rank"]))
    )
    return _("Score **{score}**, rank **{rank}** of {tasks}", score=score, rank=rank, tasks=found["tasks"])


def _due(task: Json, me: Session) -> date | None:
    if task["due_at"]:
        return layout.local(task["due_at"], me).date()
    return date.fromisoformat(task["due_date"]) if task["due_date"] else None


def _subtasks(task: Json) -> None:
    layout.section_header(_("Subtasks"))
    for each in layout.fetch(lambda client: client.subtasks(task["id"])) or []:
        is_done = each["status"] == "completed"
        st.checkbox(
            current_user.escape_markdown(each["title"]),
            is_done,
            key=f"subtask {each['id']} {each['status']}",
            on_change=_toggle,
            args=(each,),
        )
    with (
        st.form(f"new subtask {task['id']}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        title = st.text_input(_("Add a subtask"), max_chars=500)
        is_sent = st.form_submit_button(_("Add"))
    if is_sent and title.strip() and _add(task, title):
        st.rerun()


def _add(task: Json, title: str) -> bool:
    return undo.act(
        lambda client: client.create_task(title, parent_task_id=task["id"]),
        _("Added: **{title}**", title=current_user.escape_markdown(title)),
        lambda client, new: client.delete_task(new["id"]),
    )


def _toggle(task: Json) -> None:
    (reopening if task["status"] == "completed" else completing)(task["id"], task["title"])()

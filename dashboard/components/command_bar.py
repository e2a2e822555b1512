"""The line that adds tasks, and the keys of the pages: the one component of our own."""

from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout, undo
from focusflow.durations import duration
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import language, mark
from focusflow.score_reasons import reason_text

HTML, CSS, JS = (Path(__file__).with_suffix(f".{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
BAR: Final = st.components.v2.component("focusflow_command_bar", html=HTML, css=CSS, js=JS)

#: The pages that have the line, by their address. The first one has none.
WITH_LINE: Final = {"", "tasks"}

DRAFT, ADDED, REFUSED = "draft of a task", "task was added", "line that was refused"
#: What the script of the component says, by the name that it has there.
TEXTS: Final = {
    "label": mark("Add a task"),
    "placeholder": mark("Add a task: report fri 30m !high #work"),
    "add": mark("Add"),
    "adding": mark("Adding …"),
    "keep": mark("Keep “{text}” in the title"),
    "keys": mark("Keys"),
    "switch": mark("Use single keys on these pages"),
    "close": mark("Close"),
    "dismiss": mark("Dismiss"),
    "change": mark("Change"),
    "complete": mark("Done"),
    "start": mark("Start"),
    "snooze": mark("Snooze"),
    "reopen": mark("Reopen"),
    "a": mark("Add a task"),
    "d": mark("Complete the task"),
    "s": mark("Start or stop the timer"),
    "j": mark("Next task"),
    "k": mark("Previous task"),
    "/": mark("Search tasks"),
    "u": mark("Undo"),
    "?": mark("Show this help"),
}
REPEATS: Final = {
    "FREQ=DAILY": mark("every day"),
    "FREQ=WEEKLY": mark("every week"),
    "FREQ=MONTHLY": mark("every month"),
    "FREQ=YEARLY": mark("every year"),
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": mark("every workday"),
}


def keys() -> None:
    """The keys alone, for pages without the line."""
    with st.container(key="keys"):
        BAR(key="only keys", data={"has_bar": False, "texts": _texts()}, height="content")


@st.fragment
def add_task() -> None:
    """A line that becomes a task. What is understood of it stands below as it is written."""
    me = current_user.require_user()
    draft: Json = st.session_state.get(DRAFT, {"line": "", "parts": []})
    data = draft | {"has_bar": True, "texts": _texts(), "refused": st.session_state.get(REFUSED)}
    BAR(key="add task", data=data, on_draft_change=lambda: _read(me), on_add_change=lambda: _add(me))
    if st.session_state.pop(ADDED, False):
        st.rerun()


def _texts() -> dict[str, str]:
    return {"language": language()} | {name: _(text) for name, text in TEXTS.items()}


def _read(me: Session) -> None:
    line = str(st.session_state["add task"].get("draft") or "")
    st.session_state[DRAFT] = {"line": line, "parts": understood(line, me)}


def understood(line: str, me: Session) -> list[Json]:
    """The parts of a line that are not in the title, in words."""
    if not line.strip():
        return []
    try:
        found = layout.call_api(lambda client: client.parse_task(line))
    except Problem:
        return []  # it is read again when it is added
    return [part | {"means": means(part, found, me)} for part in found["understood"]]


def means(part: Json, task: Json, me: Session) -> str:
    """What a part of a line was taken for."""
    value: str = part["value"]
    match part["field"]:
        case "due" | "time":
            moment = layout.local(task["due_at"], me) if task["due_at"] else None
            due = formatting.due(task, current_user.local_today(me), moment)
            return _("Due {day}", day=due)
        case "estimate":
            return duration(int(value))
        case "priority":
            text = reason_text(f"{value} priority")
            return text[:1].upper() + text[1:]
        case "recurrence":
            repeats = _(REPEATS[value]) if value in REPEATS else part["text"]
            return _("Repeats {repeats}", repeats=repeats)
        case "category":
            return _("Category {category}", category=part["text"].removeprefix("#"))
        case _:
            return _("Tag {value}", value=value)


def _add(me: Session) -> None:
    line = str(st.session_state["add task"].get("add") or "")
    st.session_state[DRAFT] = {"line": "", "parts": []}
    if add(line, me):
        st.session_state[ADDED] = True
        return
    refused = st.session_state.get(REFUSED) or {"number": 0}
    st.session_state[REFUSED] = {"number": refused["number"] + 1, "line": line}


def add(line: str, me: Session) -> bool:
    """Add the task of a line. What was understood is told, and can be taken back."""
    parts: list[str] = []

    def create(client: Client) -> Json:
        found = client.parse_task(line)
        parts.extend(means(part, found, me) for part in found.pop("understood"))
        return client.create_task(**{name: value for name, value in found.items() if value is not None})

    def delete(client: Client, task: Json) -> Any:
        return client.delete_task(task["id"])

    return undo.act(create, lambda task: _description(task, parts), delete)


def _description(task: Json, parts: list[str]) -> str:
    title = current_user.escape_markdown(task["title"])
    return " · ".join(
        [_("Added: **{title}**", title=title), *(current_user.escape_markdown(part) for part in dict.fromkeys(parts))]
    )

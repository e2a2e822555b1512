"""The working list on a phone: a card for each task in the place of a row of the table. The style sheet shows one of the two."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Json
from dashboard.auth.sessions import Session
from dashboard.components import layout
from dashboard.components.task_rows import completing, reopening
from focusflow import locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.score_reasons import reason_text

CARDS_AT_ONCE: Final = 15
OPENED: Final = "task whose card is open"

Row = Mapping[str, Any]


def cards(
    me: Session,
    tasks: Sequence[Json],
    rows: pl.DataFrame,
    states: Sequence[Sequence[str]],
    details: Callable[[Json], None],
) -> None:
    """The tasks, some at once, with what the table says of them in its columns. `details` stand below the one that was opened."""
    with st.container(gap="small"):
        listed = st.container(gap="small")
        places = layout.paginate(list(range(len(tasks))), CARDS_AT_ONCE, "cards")
    with listed:
        for place in places:
            _card(me, tasks[place], rows.row(place, named=True), states[place])
            if tasks[place]["id"] == st.session_state.get(OPENED):
                details(tasks[place])


def _card(me: Session, task: Json, row: Row, states: Sequence[str]) -> None:
    task_id = task["id"]
    title = current_user.escape_markdown(task["title"])
    with st.container(key=f"task-{task_id}", border=True, gap="small"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=f"line-{task_id}"):
            st.markdown(f"**{title}**" if not row["done"] else f"~~**{title}**~~")
            with st.container(horizontal=True, wrap=False, width="content", gap="xsmall", vertical_alignment="center"):
                if row["done"]:
                    _button("reopen", "undo", _("Open this task again"), task_id, reopening(task_id, task["title"]))
                else:
                    _button("complete", "check", _("Complete this task"), task_id, completing(task_id, task["title"]))
                _button("change", "edit", _("Change this task"), task_id, partial(_open, task_id))
        if chips := _chips(me, task, row, states):
            st.markdown(f":small[{' · '.join(chips)}]")


def _button(act: str, icon: str, text: str, task_id: str, on_click: Callable[[], None]) -> None:
    st.button("", key=f"{act}-{task_id}", type="tertiary", icon=f":material/{icon}:", help=text, on_click=on_click)


def _chips(me: Session, task: Json, row: Row, states: Sequence[str]) -> list[str]:
    today = current_user.local_today(me)
    due = formatting.due(task, today, layout.local(task["due_at"], me) if task["due_at"] else None)
    score = row["score"]
    texts = [
        duration(row["minutes"]) if row["minutes"] else "",
        reason_text(f"{row['priority']} priority") if row["priority"] != "medium" else "",
        row["goal"],
        row["category"],
        *states,
        _("Score {score}", score=locales.count(score)) if score is not None else "",
    ]
    chips = [current_user.escape_markdown(formatting.shorten(text, 60)) for text in texts if text]
    if due:
        text = current_user.escape_markdown(_("Due {day}", day=due))
        chips.insert(0, f":orange[{text}]" if row["due"] < today and not row["done"] else text)
    return chips


def _open(task_id: str) -> None:
    st.session_state[OPENED] = None if st.session_state.get(OPENED) == task_id else task_id

"""Tasks one below the other, with what can be done about each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout, undo
from dashboard.components.timer import starting
from focusflow import clock, locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.score_reasons import distinguishing, reason_text

REASONS: Final = 2
SNOOZE: Final = {mark("Until tomorrow"): 1, mark("For three days"): 3, mark("For a week"): 7}


def reasons_of(tasks: Sequence[Json]) -> dict[str, list[Mapping[str, Any]]]:
    """What sets each of the tasks above the others, by its id."""
    ids = (task["task_id"] for task in tasks)
    return dict(zip(ids, distinguishing(tasks, REASONS), strict=True))


def task_row(
    me: Session, task: Json, reasons: Sequence[Mapping[str, Any]], running: Json | None, *, is_next: bool
) -> None:
    """A task, why it stands here, and its buttons. The first of a list says what they do in words."""
    task_id = task["task_id"]
    with st.container(key=f"task-{task_id}", border=True, gap="small"):
        with st.container(
            horizontal=True,
            wrap=is_next,
            vertical_alignment="center",
            gap="small",
            key=f"line-{'next-' * is_next}{task_id}",
        ):
            st.markdown(f"**{current_user.escape_markdown(task['title'])}**")
            with st.container(horizontal=True, wrap=False, width="content", gap="xsmall", vertical_alignment="center"):
                _buttons(me, task, running, is_next=is_next)
        with st.container(horizontal=True, wrap=False, gap="xsmall", vertical_alignment="center", key=f"why-{task_id}"):
            texts = [
                f":{'orange' if is_late(each) else 'gray'}[{current_user.escape_markdown(reason_text(each['text']))}]"
                for each in reasons
            ]
            st.markdown(f":small[{' · '.join(texts)}]" if texts else "")
            with st.popover(_("Score {score}", score=locales.count(task["score"])), type="tertiary"):
                _why(me, task)


def _buttons(me: Session, task: Json, running: Json | None, *, is_next: bool) -> None:
    task_id = task["task_id"]
    is_running = running is not None and running["task_id"] == task_id
    if not is_running:
        st.button(
            _("Start") if is_next else "",
            key=f"start-{task_id}",
            type="primary" if is_next else "tertiary",
            icon=":material/play_arrow:",
            help=_("Start the timer for this task"),
            on_click=starting(task_id),
        )
    _complete_button(task, running, label=_("Done") if is_next else "", is_quiet=not is_next)
    _snooze(me, task, label=_("Snooze") if is_next else "", is_quiet=not is_next)


def _complete_button(task: Json, running: Json | None, *, label: str, is_quiet: bool) -> None:
    task_id = task["task_id"]
    st.button(
        label,
        key=f"complete-{task_id}",
        type="tertiary" if is_quiet else "secondary",
        icon=":material/check:",
        help=_("Complete this task"),
        on_click=completing(task_id, task["title"], running),
    )


def completing(task_id: str, title: str, running: Json | None = None) -> Callable[[], None]:
    """Completes a task, for `on_click`. Undo opens it again, and its timer runs on."""

    def complete(client: Client) -> Json:
        before = client.task(task_id)
        client.complete_task(task_id)
        return before

    def reopen(client: Client, before: Json) -> None:
        client.reopen_task(task_id)
        if before["status"] == "in_progress":
            client.change_task(task_id, status="in_progress")
        if running is not None and running["task_id"] == task_id:
            client.resume_timer(running["id"])

    return undo.on_click(complete, _("Done: **{title}**", title=current_user.escape_markdown(title)), reopen)


def reopening(task_id: str, title: str) -> Callable[[], None]:
    """Opens a task again, for `on_click`."""

    def reopen(client: Client) -> Any:
        return client.reopen_task(task_id)

    def complete(client: Client, _answer: Json) -> Any:
        return client.complete_task(task_id)

    return undo.on_click(reopen, _("Open again: **{title}**", title=current_user.escape_markdown(title)), complete)


def _snooze(me: Session, task: Json, *, label: str, is_quiet: bool) -> None:
    task_id, key = task["task_id"], f"snooze-{task['task_id']}"

    def until_then() -> None:
        days = SNOOZE[st.session_state[key]]
        until_day = current_user.local_today(me) + timedelta(days=days)
        until = clock.start_of(until_day, me.timezone)

        def snooze(client: Client) -> Any:
            before = client.task(task_id)["start_at"]
            client.snooze_task(task_id, until)
            return before

        def wake(client: Client, before: Any) -> Any:
            return client.change_task(task_id, start_at=before)

        title = current_user.escape_markdown(task["title"])
        undo.act(
            snooze,
            _("Snoozed until {day}: **{title}**", day=locales.weekday_name(until_day.weekday()), title=title),
            wake,
        )

    st.menu_button(
        label,
        list(SNOOZE),
        key=key,
        format_func=_,
        type="tertiary" if is_quiet else "secondary",
        icon=":material/snooze:",
        help=_("Snooze"),
        on_click=until_then,
    )


def is_late(reason: Mapping[str, Any]) -> bool:
    return bool(reason["code"] == "due" and "overdue" in reason["text"])


def kindly(task: Json) -> Json:
    """A task without the count of days that it is late."""
    if not any(map(is_late, task["reasons"])):
        return task
    reasons = [each | {"text": _("due")} if is_late(each) else each for each in task["reasons"]]
    return task | {"reasons": reasons, "due_date": None, "due_at": None}


def _why(me: Session, task: Json) -> None:
    st.markdown(f"**{_('Why this score')}**")
    st.markdown(sum_of(task["reasons"], task["score"]))
    due = formatting.due(
        task, current_user.local_today(me), layout.local(task["due_at"], me) if task["due_at"] else None
    )
    made = _(
        "By {model}, as of {time}.", model=task["model_version"], time=locales.clock(layout.local(task["as_of"], me))
    )
    st.caption(f"{_('Due {day}', day=due)}. {made}" if due else made)


def sum_of(reasons: Sequence[Mapping[str, Any]], score: float) -> str:
    """All reasons of a score as a table that adds up."""
    lines = [f"| {reason_text(each['text'])} | {formatting.signed(each['points'])} |" for each in reasons]
    head, total = f"| {_('reason')} | {_('points')} |", f"| **{_('score')}** | **{locales.decimal(score, 1, 1)}** |"
    return "\n".join([head, "|---|---:|", *lines, total])

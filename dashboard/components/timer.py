"""The timer, wherever a page shows it: what runs and since when, start, stop and done."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout, undo
from focusflow import clock, locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _


def timer() -> None:
    """What runs, or how to start something."""
    found = layout.fetch(running)
    if found is None:
        return
    if found["running"]:
        running_bar(found, current_user.require_user())
        return
    with st.container(border=True), layout.row():
        st.markdown(f":material/timer: {_('No timer running.')}")
        st.button(_("Start timer"), key="start timer", icon=":material/play_arrow:", on_click=starting(None))


def running(client: Client) -> Json:
    """The entry that runs, and what it is for."""
    entry = client.running_timer()
    title = client.task(entry["task_id"])["title"] if entry and entry["task_id"] else _("Focus")
    return {"running": entry, "running_title": title}


def running_bar(found: Json, me: Session, done: Callable[[], None] | None = None) -> None:
    """What runs. `done` completes its task."""
    entry = found["running"]
    if not entry:
        return
    since = layout.local(entry["started_at"], me)
    spent = duration((clock.now() - since).total_seconds() / 60)
    title = current_user.escape_markdown(found["running_title"])
    with st.container(border=True, key="running"), layout.row():
        st.markdown(
            f":material/timer: {_('**{title}**, {spent} since {time}', title=title, spent=spent, time=locales.clock(since))}"
        )
        with st.container(horizontal=True, width="content", gap="small"):
            st.button(_("Stop"), key="stop timer", icon=":material/stop:", on_click=stopping(title))
            if done is not None:
                st.button(_("Done"), key="complete running", icon=":material/check:", type="primary", on_click=done)


def starting(task_id: str | None) -> Callable[[], None]:
    """Starts the timer, and stops the one that runs, for `on_click`."""
    return layout.on_click(lambda client: client.start_timer(task_id, switch=True), _("Timer started."))


def stopping(title: str) -> Callable[[], None]:
    """Stops the timer, for `on_click`. Undo lets it run on."""

    def resume(client: Client, entry: Json) -> Any:
        return client.resume_timer(entry["id"])

    return undo.on_click(Client.stop_timer, _("Stopped: **{title}**", title=title), resume)

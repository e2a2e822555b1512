"""The timer, wherever a page shows it: what runs and since when, start and stop."""

from collections.abc import Callable

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import clock
from focusflow.durations import duration


def timer(*, startable: bool) -> None:
    """What runs, or how to start something."""
    found = layout.fetch(_running)
    if found is None or not (found[0] or startable):
        return
    running, title = found
    with st.container(border=True), layout.row():
        if running:
            since = layout.local(running["started_at"], current_user.require_user())
            spent = duration((clock.now() - since).total_seconds() / 60)
            st.markdown(f":material/timer: **{current_user.escape_markdown(title)}**, {spent} since {since:%H:%M}")
            st.button(
                "Stop",
                key="stop timer",
                icon=":material/stop:",
                type="primary",
                on_click=layout.on_click(Client.stop_timer, "Stopped. The numbers update in a few seconds."),
            )
        else:
            st.markdown(":material/timer: No timer running.")
            st.button("Start timer", key="start timer", icon=":material/play_arrow:", on_click=starting(None))


def starting(task_id: str | None) -> Callable[[], None]:
    """Starts the timer, and stops the one that runs, for `on_click`."""
    return layout.on_click(lambda client: client.start_timer(task_id, switch=True), "Timer started.")


def _running(client: Client) -> tuple[Json | None, str]:
    """The entry that runs, and what it is for."""
    entry = client.running_timer()
    if entry is None or entry["task_id"] is None:
        return entry, "Focus"
    return entry, client.task(entry["task_id"])["title"]

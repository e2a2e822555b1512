"""Imports of the history in other programs, and exports of one's own records."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client
from dashboard.components import imports, layout
from focusflow.errors import Problem

#: The formats of exports: what they are called, and the file.
EXPORTS = {
    "json": ("JSON, all records", "focusflow.json"),
    "csv": ("CSV, all records", "focusflow-csv.zip"),
    "parquet": ("Parquet, all records", "focusflow-parquet.zip"),
    "todo_txt": ("todo.txt, tasks", "todo.txt"),
    "taskwarrior": ("Taskwarrior, tasks", "tasks.json"),
    "icalendar": ("iCalendar, tasks and appointments", "focusflow.ics"),
}


def section() -> None:
    layout.section_header("Import")
    imports.upload()
    imports.imports()
    layout.section_header("Export")
    with layout.row():
        chosen = st.selectbox("Format", list(EXPORTS), format_func=lambda name: EXPORTS[name][0])
        st.download_button(
            "Download",
            lambda: layout.call_api(lambda client: client.export(chosen)),
            file_name=EXPORTS[chosen][1],
            icon=":material/download:",
            on_click="ignore",
        )
    layout.section_header("Calendar feed")
    _feed()


def _feed() -> None:
    st.caption("Your plan, due tasks and habits in any calendar program. Whoever knows the address can read it.")
    found = layout.fetch(Client.feed)
    if found is None:
        return
    with layout.row():
        is_wanted = st.button("Create a new address" if found["created_at"] else "Create address", key="create feed")
        if found["created_at"]:
            since = layout.local(found["created_at"], current_user.require_user())
            st.markdown(f"An address works since {since:%-d %B %Y}.")
            st.button("Revoke", key="revoke feed", on_click=layout.on_click(Client.revoke_feed, "Revoked."))
    if is_wanted:
        try:
            url = layout.call_api(Client.create_feed)
        except Problem as problem:
            st.error(str(problem), icon=":material/error:")
            return
        st.success("Subscribe to this address in your calendar program. Copy it now: it cannot be shown again.")
        st.code(url, language=None)

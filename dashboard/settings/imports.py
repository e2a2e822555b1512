"""Imports of the history in other programs, and exports of one's own records."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client
from dashboard.components import imports, layout
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

#: The formats of exports: what they are called, and the file.
EXPORTS = {
    "json": (mark("JSON, all records"), "focusflow.json"),
    "csv": (mark("CSV, all records"), "focusflow-csv.zip"),
    "parquet": (mark("Parquet, all records"), "focusflow-parquet.zip"),
    "todo_txt": (mark("todo.txt, tasks"), "todo.txt"),
    "taskwarrior": (mark("Taskwarrior, tasks"), "tasks.json"),
    "icalendar": (mark("iCalendar, tasks and appointments"), "focusflow.ics"),
}


def section() -> None:
    layout.section_header(_("Import"))
    imports.upload()
    imports.imports()
    layout.section_header(_("Export"))
    with layout.row():
        chosen = st.selectbox(_("Format"), list(EXPORTS), format_func=lambda name: _(EXPORTS[name][0]))
        st.download_button(
            _("Download"),
            lambda: layout.call_api(lambda client: client.export(chosen)),
            file_name=EXPORTS[chosen][1],
            icon=":material/download:",
            on_click="ignore",
        )
    layout.section_header(_("Calendar feed"))
    _feed()


def _feed() -> None:
    st.caption(_("Your plan, due tasks and habits in any calendar program. Whoever knows the address can read it."))
    found = layout.fetch(Client.feed)
    if found is None:
        return
    with layout.row():
        is_wanted = st.button(
            _("Create a new address") if found["created_at"] else _("Create address"), key="create feed"
        )
        if found["created_at"]:
            since = layout.local(found["created_at"], current_user.require_user())
            st.markdown(_("An address works since {day}.", day=locales.day(since)))
            st.button(_("Revoke"), key="revoke feed", on_click=layout.on_click(Client.revoke_feed, _("Revoked.")))
    if is_wanted:
        try:
            url = layout.call_api(Client.create_feed)
        except Problem as problem:
            st.error(str(problem), icon=":material/error:")
            return
        st.success(_("Subscribe to this address in your calendar program. Copy it now: it cannot be shown again."))
        st.code(url, language=None)

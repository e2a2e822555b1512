"""A copy of everything that is stored about the user."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout

EVERY_SECONDS = 5


def section() -> None:
    layout.section_header("Your data")
    st.caption("A ZIP with everything that is stored about you, as JSON and CSV. A README explains every file.")
    _export()


@st.fragment(run_every=EVERY_SECONDS)
def _export() -> None:
    """Asked for again while the file is being written."""
    export = layout.fetch(Client.personal_data)
    status = export["status"] if export else None
    if status == "requested":
        st.markdown("Your export is being prepared. This takes a minute or two.")
        return
    if export and status == "ready":
        _download(export)
    if status == "failed":
        st.warning("Your export could not be written. Try again, or ask your operator.")
    st.button(
        "Export my data",
        key="export",
        type="secondary" if status == "ready" else "primary",
        on_click=layout.on_click(Client.request_personal_data, "Your export is being prepared."),
    )


def _download(export: Json) -> None:
    me, store = current_user.require_user(), shared().store
    made, gone = (layout.local(export[name], me) for name in ("finished_at", "expires_at"))

    def content() -> bytes:
        with store.client(me) as client:
            return client.personal_data_file()

    st.markdown(f"Your export of {made:%-d %B, %H:%M} is ready until {gone:%-d %B}.")
    st.download_button(
        "Download",
        content,
        "focusflow-export.zip",
        "application/zip",
        key="download export",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )

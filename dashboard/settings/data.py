"""A copy of everything that is stored about the user, how long that is kept, and its erasure."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import confirmation, layout

EVERY_SECONDS = 5


def section() -> None:
    layout.section_header("Your data")
    st.caption("A ZIP with everything that is stored about you, as JSON and CSV. A README explains every file.")
    _export()
    layout.section_header("How long data is kept")
    _retention()
    layout.section_header("Erase account")
    _erasure()


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


def _retention() -> None:
    rows = [{"Data": data.replace("`", ""), "Kept for": kept} for data, kept in shared().retention.items()]
    st.dataframe(rows, hide_index=True)


def _erasure() -> None:
    me = current_user.require_user()
    if me.erasure_due_at:
        due_at = layout.local(me.erasure_due_at, me)
        st.markdown(
            f"Your account will be erased on {due_at:%-d %B at %H:%M}, with everything that is stored about you."
        )
        if st.button("Keep my account", type="primary"):
            layout.perform_and_rerun(_cancel, "Your account is kept.")
        return
    st.markdown("Deletes your account and everything that is stored about you, for good. Export your data first.")
    found = layout.fetch(Client.confirmation)
    if found is None or (not found["has_password"] and not confirmation.is_confirmed()):
        return
    with st.form("erase account", clear_on_submit=True):
        password = _password() if found["has_password"] else ""
        if st.form_submit_button("Erase my account"):
            layout.perform_and_rerun(lambda client: _erase(client, password), "Your account will be erased.")


def _password() -> str:
    return st.text_input("Current password", type="password", autocomplete="current-password", key="erase with")


def _erase(client: Client, password: str) -> None:
    client.erase_account(password)
    shared().store.forget(current_user.require_user().token)


def _cancel(client: Client) -> None:
    client.cancel_erasure()
    shared().store.forget(current_user.require_user().token)

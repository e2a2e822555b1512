"""A copy of everything that is stored about the user, how long that is kept, and its erasure."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import confirmation, layout
from focusflow import locales
from focusflow.i18n import gettext as _

EVERY_SECONDS = 5


def section() -> None:
    layout.section_header(_("Your data"))
    st.caption(_("A ZIP with everything that is stored about you, as JSON and CSV. A README explains every file."))
    _export()
    layout.section_header(_("How long data is kept"))
    _retention()
    layout.section_header(_("Erase account"))
    _erasure()


@st.fragment(run_every=EVERY_SECONDS)
def _export() -> None:
    """Asked for again while the file is being written."""
    export = layout.fetch(Client.personal_data)
    status = export["status"] if export else None
    if status == "requested":
        st.markdown(_("Your export is being prepared. This takes a minute or two."))
        return
    if export and status == "ready":
        _download(export)
    if status == "failed":
        st.warning(_("Your export could not be written. Try again, or ask your operator."))
    st.button(
        _("Export my data"),
        key="export",
        type="secondary" if status == "ready" else "primary",
        on_click=layout.on_click(Client.request_personal_data, _("Your export is being prepared.")),
    )


def _download(export: Json) -> None:
    me, store = current_user.require_user(), shared().store
    made, gone = (layout.local(export[name], me) for name in ("finished_at", "expires_at"))

    def content() -> bytes:
        with store.client(me) as client:
            return client.personal_data_file()

    st.markdown(
        _(
            "Your export of {made} is ready until {gone}.",
            made=locales.day_and_time(made),
            gone=locales.day_of_year(gone),
        )
    )
    st.download_button(
        _("Download"),
        content,
        "focusflow-export.zip",
        "application/zip",
        key="download export",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )


def _retention() -> None:
    rows = [{_("Data"): _(data).replace("`", ""), _("Kept for"): kept()} for data, kept in shared().retention.items()]
    st.dataframe(rows, hide_index=True)


def _erasure() -> None:
    me = current_user.require_user()
    if me.erasure_due_at:
        due_at = layout.local(me.erasure_due_at, me)
        st.markdown(
            _(
                "Your account will be erased on {due_at}, with everything that is stored about you.",
                due_at=locales.day_and_time(due_at),
            )
        )
        if st.button(_("Keep my account"), type="primary"):
            layout.perform_and_rerun(_cancel, _("Your account is kept."))
        return
    st.markdown(_("Deletes your account and everything that is stored about you, for good. Export your data first."))
    found = layout.fetch(Client.confirmation)
    if found is None or (not found["has_password"] and not confirmation.is_confirmed()):
        return
    with st.form("erase account", clear_on_submit=True):
        password = _password() if found["has_password"] else ""
        if st.form_submit_button(_("Erase my account")):
            layout.perform_and_rerun(lambda client: _erase(client, password), _("Your account will be erased."))


def _password() -> str:
    return st.text_input(_("Current password"), type="password", autocomplete="current-password", key="erase with")


def _erase(client: Client, password: str) -> None:
    client.erase_account(password)
    shared().store.forget(current_user.require_user().token)


def _cancel(client: Client) -> None:
    client.cancel_erasure()
    shared().store.forget(current_user.require_user().token)

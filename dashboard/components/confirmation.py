"""Asks who the user is once more, before what a stolen session must not be enough for."""

import streamlit as st

from dashboard.api_client import Client
from dashboard.components import layout
from focusflow.i18n import gettext as _


def is_confirmed() -> bool:
    """Whether the user has confirmed of late who they are. If not, this shows the form to do so."""
    found = layout.fetch(Client.confirmation)
    if found is None or not found["is_needed"]:
        return found is not None
    by: str = found["by"]
    if by == "provider":
        st.markdown(_("Confirm that it is you: sign in again."))
        st.link_button(_("Sign in again"), "/signin/oidc?confirm=1", type="primary")
        return False
    with st.form("confirm", clear_on_submit=True):
        st.markdown(_("Confirm that it is you."))
        answer = st.text_input(
            _("Code of your authenticator app") if by == "code" else _("Password"),
            type="password" if by == "password" else "default",
            autocomplete="one-time-code" if by == "code" else "current-password",
        )
        is_sent = st.form_submit_button(_("Confirm"), type="primary")
    if is_sent:
        layout.perform_and_rerun(lambda client: client.confirm(**{by: answer}), _("Confirmed."))
    return False

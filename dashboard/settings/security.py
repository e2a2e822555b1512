"""Password, two-factor authentication and sessions."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout
from dashboard.settings import two_factor
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _


def section() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _password()
        _email()
        two_factor.section()
    with right:
        layout.section_header(_("Where you are signed in"))
        for each in layout.fetch(Client.sessions) or []:
            _sign_in(each)
        _sign_out_everywhere()


def _sign_out_everywhere() -> None:
    with st.popover(_("Sign out everywhere")):
        st.markdown(_("Signs out every device, including this one."))
        revoke_keys = st.checkbox(_("Revoke all API keys too"), key="revoke keys everywhere")
        st.button(
            _("Sign out everywhere"),
            key="sign out everywhere",
            type="primary",
            on_click=layout.on_click(lambda client: client.end_all_sessions(revoke_keys=revoke_keys), _("Signed out.")),
        )


def _password() -> None:
    layout.section_header(_("Password"), _("A new password signs out your other devices."))
    found = layout.fetch(Client.confirmation)
    if found is None:
        return
    if not found["has_password"]:
        st.button(
            _("Email me a link to set a password"),
            on_click=layout.on_click(
                lambda client: client.forgot_password(client.me()["email"]), _("Check your inbox.")
            ),
        )
        return
    with st.form("password", clear_on_submit=True):
        password = st.text_input(_("Current password"), type="password", autocomplete="current-password")
        new = st.text_input(_("New password (8 characters or more)"), type="password", autocomplete="new-password")
        revoke_keys = st.checkbox(_("Revoke all API keys too"))
        if st.form_submit_button(_("Change password"), type="primary"):
            try:
                me = current_user.require_user()
                shared().store.change_password(me, password, new, revoke_keys=revoke_keys)
                st.success(_("Changed. Your other devices are signed out."))
            except Problem as problem:
                st.error(str(problem))


def _email() -> None:
    layout.section_header(_("Email"), _("Both addresses have to confirm a change."))
    me = layout.fetch(Client.me)
    if me is None:
        return
    if not me["email_is_verified"]:
        st.button(
            _("Send another link to confirm this address"),
            type="tertiary",
            on_click=layout.on_click(Client.resend_verification, _("Check your inbox.")),
        )
    with st.form("email", clear_on_submit=True):
        email = st.text_input(_("New email address"), placeholder=me["email"], autocomplete="email")
        is_sent = st.form_submit_button(_("Change email"))
    if is_sent and email.strip():
        layout.perform(lambda client: client.change_email(email), _("Check both inboxes."))


def _sign_in(each: Json) -> None:
    with st.container(border=True), layout.row():
        used = layout.local(each["last_used_at"], current_user.require_user())
        what = _("This device") if each["is_current"] else _("Another device")
        st.markdown(
            f"**{what}**, {_('last used {moment}', moment=locales.day_and_time(used))}  \n:small[{current_user.escape_markdown(each['ip'] or _('address unknown'))}]"
        )
        if not each["is_current"]:
            st.button(
                _("Sign out"),
                key=f"end {each['id']}",
                type="tertiary",
                on_click=layout.on_click(lambda client: client.end_session(each["id"]), _("Signed out there.")),
            )

"""API keys, for programs. A key is shown once."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import confirmation, layout
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.scopes import Scope


def section() -> None:
    st.caption(_("For your own programs. A key is limited to its permissions and shown once."))
    if confirmation.is_confirmed():
        _new_key()
    found = layout.fetch(Client.api_keys)
    if found == []:
        layout.empty_state(_("No keys yet. Create one above."))
    for key in sorted(found or [], key=lambda each: each["revoked_at"] is not None):
        _show_key(key)


def _new_key() -> None:
    with st.form("key", clear_on_submit=True):
        name = st.text_input(_("Name"), placeholder=_("Phone widget"), max_chars=100)
        scopes = st.multiselect(_("Permissions"), [scope.value for scope in Scope], placeholder=_("Choose permissions"))
        is_sent = st.form_submit_button(_("Create key"), type="primary")
    if is_sent:
        _make(name, scopes)


def _make(name: str, scopes: list[str]) -> None:
    if not name.strip() or not scopes:
        st.warning(_("Enter a name and choose permissions."))
        return
    try:
        made = layout.call_api(lambda client: client.create_api_key(name, scopes))
    except Problem as problem:
        st.error(str(problem))
        return
    st.success(_("This is your key. Copy it now: it cannot be shown again."), icon=":material/key:")
    st.code(made["key"], language=None)


def _show_key(key: Json) -> None:
    me = current_user.require_user()
    with st.container(border=True), layout.row():
        used = (
            _("last used {moment}", moment=locales.day(layout.local(key["last_used_at"], me)))
            if key["last_used_at"]
            else _("never used")
        )
        name = f"**{current_user.escape_markdown(key['name'])}** · `{key['prefix']}…`"
        if key["revoked_at"]:
            st.markdown(f"~~{name}~~ · {_('revoked {day}', day=locales.day(layout.local(key['revoked_at'], me)))}")
            return
        st.markdown(f"{name} · {used}  \n:small[{', '.join(key['scopes'])}]")
        with st.popover(_("Revoke")):
            st.markdown(_("Programs that use this key stop working at once."))
            st.button(
                _("Revoke key"),
                key=f"revoke {key['id']}",
                type="primary",
                on_click=layout.on_click(lambda client: client.revoke_key(key["id"]), _("Revoked.")),
            )

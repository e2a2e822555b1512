"""The password, and where one is signed in."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout
from focusflow.errors import Problem


def section() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _password()
    with right:
        layout.section_header("Where you are signed in")
        for each in layout.fetch(Client.sessions) or []:
            _sign_in(each)


def _password() -> None:
    layout.section_header("Password", "Every other device is signed out by a new one.")
    with st.form("password", clear_on_submit=True):
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        new = st.text_input("A new one, 8 characters or more", type="password", autocomplete="new-password")
        if st.form_submit_button("Change it", type="primary"):
            try:
                shared().store.change_password(current_user.require_user(), password, new)
                st.success("Changed. Your other devices are signed out.")
            except Problem as problem:
                st.error(str(problem))


def _sign_in(each: Json) -> None:
    with st.container(border=True), layout.row():
        used = layout.local(each["last_used_at"], current_user.require_user())
        what = "This one" if each["is_current"] else "Another one"
        st.markdown(
            f"**{what}**, last used {used:%-d %B, %H:%M}  \n:small[{current_user.escape_markdown(each['ip'] or 'address unknown')}]"
        )
        if not each["is_current"]:
            st.button(
                "Sign out",
                key=f"end {each['id']}",
                type="tertiary",
                on_click=layout.on_click(lambda client: client.end_session(each["id"]), "Signed out there."),
            )

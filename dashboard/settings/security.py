"""The password, and where one is signed in."""

import streamlit as st

from dashboard import parts, person
from dashboard.shared import shared
from focusflow.client import Client, Json
from focusflow.problems import Problem


def section() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _password()
    with right:
        parts.heading("Where you are signed in")
        for each in parts.asked(Client.sign_ins) or []:
            _sign_in(each)


def _password() -> None:
    parts.heading("Password", "Every other device is signed out by a new one.")
    with st.form("password", clear_on_submit=True):
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        new = st.text_input("A new one, 8 characters or more", type="password", autocomplete="new-password")
        if st.form_submit_button("Change it", type="primary"):
            try:
                shared().store.change_password(person.current(), password, new)
                st.success("Changed. Your other devices are signed out.")
            except Problem as problem:
                st.error(str(problem))


def _sign_in(each: Json) -> None:
    with st.container(border=True), parts.row():
        used = parts.local(each["last_used_at"], person.current())
        what = "This one" if each["is_current"] else "Another one"
        st.markdown(
            f"**{what}**, last used {used:%-d %B, %H:%M}  \n:small[{person.quoted(each['ip'] or 'address unknown')}]"
        )
        if not each["is_current"]:
            st.button(
                "Sign out",
                key=f"end {each['id']}",
                type="tertiary",
                on_click=parts.doing(lambda client: client.end_sign_in(each["id"]), "Signed out there."),
            )

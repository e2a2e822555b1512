"""Two-factor authentication: an authenticator app, and recovery codes."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import confirmation, layout
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext

#: The key of an app that is being set up. The API shows it once.
NEW = "new two-factor key"


def required_page() -> None:
    """All that a user sees whose account must have a second factor and has none."""
    st.title(_("Settings: Security"), anchor=False)
    st.info(
        _("Your account needs two-factor authentication here. Set it up to see your pages."),
        icon=":material/lock_person:",
    )
    section()
    st.link_button(_("Sign out"), "/signout", icon=":material/logout:")


def section() -> None:
    layout.section_header(
        _("Two-factor authentication"), _("Signing in then also takes a code of an app on your phone.")
    )
    found = layout.fetch(Client.two_factor)
    if found is None or not confirmation.is_confirmed():
        return
    if found["is_on"]:
        _is_on(found)
    elif NEW in st.session_state:
        _set_up(st.session_state[NEW])
    elif st.button(_("Set up")):
        begun = layout.fetch(Client.begin_two_factor)
        if begun:
            st.session_state[NEW] = begun
            st.rerun()


def _set_up(new: Json) -> None:
    place = st.empty()
    with place.container():
        st.markdown(_("Add this key to your authenticator app, then enter the code that it shows."))
        st.code(new["key"], language=None)
        st.caption(_("Some apps take this address instead:"))
        st.code(new["uri"], language=None, wrap_lines=True)
        with st.form("two-factor", clear_on_submit=True):
            code = st.text_input(_("Code"), max_chars=10, autocomplete="one-time-code")
            is_sent = st.form_submit_button(_("Turn on"), type="primary")
    if not is_sent:
        return
    try:
        codes = layout.call_api(lambda client: client.turn_on_two_factor(code))
    except Problem as problem:
        st.error(str(problem))
        return
    del st.session_state[NEW]
    place.empty()
    _show_recovery_codes(codes)


def _is_on(found: Json) -> None:
    since = layout.local(found["since"], current_user.require_user())
    left = ngettext("{n} recovery code is left.", "{n} recovery codes are left.", found["recovery_codes_left"])
    st.markdown(f"{_('On since {day}.', day=locales.day(since))} {left}")
    if st.button(_("New recovery codes")):
        codes = layout.fetch(Client.renew_recovery_codes)
        if codes:
            _show_recovery_codes(codes)
    with st.popover(_("Turn off")):
        st.markdown(_("Signing in then takes only your password."))
        st.button(
            _("Turn off two-factor authentication"),
            type="primary",
            on_click=layout.on_click(Client.turn_off_two_factor, _("Turned off.")),
        )


def _show_recovery_codes(codes: list[str]) -> None:
    st.success(_("Keep these recovery codes in a safe place. Each works once, and they cannot be shown again."))
    st.code("\n".join(codes), language=None)
    st.button(_("I have stored them"))

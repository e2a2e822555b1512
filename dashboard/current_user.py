"""The user who is looking at a page, and their today."""

import re
from contextlib import suppress
from datetime import date
from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.app_state import shared
from dashboard.auth.sessions import Session
from focusflow import clock
from focusflow.errors import Forbidden, Problem, Unavailable
from focusflow.i18n import gettext as _

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$])")


#: How often an open page is checked, without anything being done on it.
WATCH_SECONDS = 30

#: Where the locale of the user is kept for what runs of a page.
LOCALE = "locale"

#: Set before a page runs again by itself: such a run is no sign of its user.
IS_AUTOMATIC = "is_automatic_run"


def require_user() -> Session:
    """The session behind this page; the page ends here, in words, when there is none any more."""
    try:
        session = shared().store.find(st.context.cookies.get(shared().store.cookie))
        if session is not None:
            st.session_state[LOCALE] = session.locale
        return session or end_page()
    except Unavailable as problem:
        st.error(str(problem), icon=":material/cloud_off:")
        st.stop()


def page_locale() -> str | None:
    """The locale of the user of the page that runs in this thread. Fragments and callbacks run in threads that know nothing of the page."""
    is_page = get_script_run_ctx(suppress_warning=True) is not None
    return st.session_state.get(LOCALE) if is_page else None


def begin_page() -> Session:
    """The session behind a page that begins to run. The session is in use, unless the page runs again by itself."""
    session = require_user()
    if not st.session_state.pop(IS_AUTOMATIC, False):
        with suppress(Problem):
            shared().store.seen(session)
    return session


@st.fragment(run_every=WATCH_SECONDS)
def watch_session() -> None:
    """End an open page whose session has ended."""
    with suppress(Unavailable):
        if shared().store.find(st.context.cookies.get(shared().store.cookie)) is None:
            rerun()


def rerun() -> NoReturn:
    """Run the page again although its user did nothing."""
    st.session_state[IS_AUTOMATIC] = True
    st.rerun()


def require_analyst() -> Session:
    """The session, where it is of somebody who may see what is about all users."""
    session = require_user()
    if not session.is_analyst:
        raise Forbidden
    return session


def end_page() -> NoReturn:
    st.info(_("Your session has ended."), icon=":material/lock:")
    st.link_button(_("Sign in"), "/signin", type="primary")
    st.stop()


def local_today(session: Session) -> date:
    return clock.local_date(clock.now(), session.timezone)


def escape_markdown(text: str) -> str:
    """A user's own words as they stand, not as Markdown."""
    return SPECIAL.sub(r"\\\1", text.replace("\n", " "))

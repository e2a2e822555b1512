"""The person who is looking at a page, and their today."""

import re
from datetime import date
from typing import NoReturn

import streamlit as st

from dashboard.app_state import shared
from dashboard.auth.sessions import COOKIE, Session
from focusflow import clock
from focusflow.errors import Forbidden

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$])")


def require_user() -> Session:
    """The session behind this page; the page ends here, in words, when there is none any more."""
    session = shared().store.find(st.context.cookies.get(COOKIE))
    return session or end_page()


def require_analyst() -> Session:
    """The session, where it is of somebody who may see what is about all people."""
    session = require_user()
    if not session.is_analyst:
        raise Forbidden
    return session


def end_page() -> NoReturn:
    st.info("Your session has ended.", icon=":material/lock:")
    st.link_button("Sign in", "/signin", type="primary")
    st.stop()


def local_today(session: Session) -> date:
    return clock.local_date(clock.now(), session.timezone)


def escape_markdown(text: str) -> str:
    """A person's own words as they stand, not as Markdown."""
    return SPECIAL.sub(r"\\\1", text.replace("\n", " "))

"""Lets a page notice that its numbers have changed, without loading anything until they have."""

import time
from collections.abc import Callable

import streamlit as st

from dashboard import current_user
from dashboard.data import lake

#: A look costs a comparison of version numbers, which all open pages share.
LOOK_SECONDS = 2

#: What else a page shows comes from the API. It is asked after the user's scores have changed, for they are published a moment later than
#: the table from which they come, and now and then.
ASK_SECONDS, PUBLISHED_SECONDS = 30.0, 10.0
SCORES = "gold/priority_scores"
ASKED_AT, SCORED_AT = "asked at", "scored at"


@st.fragment(run_every=LOOK_SECONDS)
def refreshing(has_changed: Callable[[], bool] | None = None) -> None:
    """Run the page again when rows that it was made from have changed, or what else it shows has."""
    if lake.has_newer_rows() or (has_changed and _is_api_due() and has_changed()):
        current_user.rerun()


def _is_api_due() -> bool:
    now, state = time.monotonic(), st.session_state
    if lake.has_moved(SCORES, current_user.require_user().user_id):
        state[SCORED_AT] = now
    is_due: bool = (
        now - state.setdefault(ASKED_AT, now) >= ASK_SECONDS
        or now - state.get(SCORED_AT, -ASK_SECONDS) < PUBLISHED_SECONDS
    )
    if is_due:
        state[ASKED_AT] = now
    return is_due

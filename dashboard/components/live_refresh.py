"""Lets a page notice that its numbers have changed, without loading anything until they have."""

from collections.abc import Callable

import streamlit as st

from dashboard import current_user
from dashboard.data import lake

LOOK_SECONDS = 4


@st.fragment(run_every=LOOK_SECONDS)
def refreshing(has_changed: Callable[[], bool] = lambda: False) -> None:
    """Run the page again when a table that it was made from has a newer version, or what else it shows has changed."""
    if lake.has_newer_versions() or has_changed():
        current_user.rerun()

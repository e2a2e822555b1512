"""Lets a page notice that its numbers have changed, without loading anything until they have."""

from collections.abc import Callable

import streamlit as st

from dashboard import data

LOOK_SECONDS = 4


@st.fragment(run_every=LOOK_SECONDS)
def refreshing(has_changed: Callable[[], bool] = lambda: False) -> None:
    """Run the page anew when the gold table has a newer version than the page was made from, or what else it shows has changed."""
    seen = st.session_state.setdefault("gold_versions", _versions())
    if _versions() != seen or has_changed():
        st.session_state["gold_versions"] = _versions()
        st.rerun()


def _versions() -> tuple[int, int]:
    return data.version(), data.version("gold/priority_scores")

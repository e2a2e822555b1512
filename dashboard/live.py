"""Lets a page notice that its numbers have changed, without loading anything until they have."""

import streamlit as st

from dashboard import data

LOOK_SECONDS = 4


@st.fragment(run_every=LOOK_SECONDS)
def refreshing() -> None:
    """Run the page anew when the gold table has a newer version than the page was made from."""
    seen = st.session_state.setdefault("gold_versions", _versions())
    if _versions() != seen:
        st.session_state["gold_versions"] = _versions()
        st.rerun()


def _versions() -> tuple[int, int]:
    return data.version(), data.version("gold/priority_scores")

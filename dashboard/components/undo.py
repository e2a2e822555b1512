"""Acts that can be taken back. The last one stands at the foot of the page with its Undo until the next act, or until another page."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.api_client import Client
from dashboard.components import layout
from focusflow.errors import Problem
from focusflow.i18n import gettext as _

LAST_ACT, PAGE = "last act", "page of the last act"

#: How long an act is offered to be taken back.
SECONDS = 120.0

Act = Callable[[Client], Any]


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was carried out, in words, and what takes it back."""

    text: str
    inverse: Act
    at: float


Text = str | Callable[[Any], str]


def act(do: Act, text: Text, inverse: Callable[[Client, Any], Any]) -> bool:
    """Have the API do something that can be taken back. `inverse` gets the answer, and so does `text` where it depends on it."""
    try:
        answer = layout.call_api(do)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
        return False
    description = text if isinstance(text, str) else text(answer)
    st.session_state[LAST_ACT] = Done(description, lambda client: inverse(client, answer), time.monotonic())
    return True


def on_click(do: Act, text: Text, inverse: Callable[[Client, Any], Any]) -> Callable[[], None]:
    """The same for `on_click`."""

    def callback() -> None:
        act(do, text, inverse)

    return callback


def last_act(page: str) -> None:
    """The last act of this page and its Undo, below everything else, where nothing is covered."""
    if st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        st.session_state.pop(LAST_ACT, None)
    done: Done | None = st.session_state.get(LAST_ACT)
    if done is None or time.monotonic() - done.at > SECONDS:
        return
    with (
        st.bottom,
        st.container(key="undo", horizontal=True, vertical_alignment="center", horizontal_alignment="center"),
    ):
        st.markdown(done.text, width="content")
        st.button(_("Undo"), key="undo-act", icon=":material/undo:", on_click=_take_back)
        st.button("", key="undo-dismiss", icon=":material/close:", type="tertiary", help=_("Dismiss"), on_click=_forget)


def _take_back() -> None:
    done: Done = st.session_state.pop(LAST_ACT)
    layout.perform(done.inverse, _("Undone."))


def _forget() -> None:
    st.session_state.pop(LAST_ACT, None)

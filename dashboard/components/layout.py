"""The pieces that pages are put together from, so that the same thing looks and reads the same everywhere."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.auth.sessions import Session
from dashboard.charts.drawing import Spec
from dashboard.charts.style import CLOSE, ON_DARK, ON_LIGHT
from dashboard.components import period_picker
from dashboard.data import lake
from focusflow import clock
from focusflow.clock import Period
from focusflow.errors import Conflict, NotSignedIn, Problem
from focusflow.lake.tables import DAILY_TABLE
from focusflow.metrics import BY_NAME

Answer = TypeVar("Answer")


def row() -> DeltaGenerator:
    """Side by side where there is room for it."""
    return st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")


def cards(most: int) -> DeltaGenerator:
    """Numbers side by side, and two by two on a phone."""
    return st.grid(most, min_column_width=150)


def head(title: str, today: date) -> Period:
    """The title of a page, and the range that it tells about."""
    with row():
        st.title(title, anchor=False)
        return period_picker.chosen(today)


def metric(name: str, value: str, beside: str | None) -> None:
    """A number under the name and definition that it has everywhere."""
    number(BY_NAME[name].label, value, beside, BY_NAME[name].meaning)


def number(label: str, value: str, beside: str | None, meaning: str) -> None:
    with st.container(border=True, height="stretch"):
        st.metric(label, value, help=meaning)
        st.caption(beside or "nothing to compare with yet")


def heading(title: str, meaning: str | None = None) -> None:
    st.header(title, anchor=False, help=meaning)


def chart(drawn: Spec, told: str) -> None:
    """A chart, and what it shows in words for those who do not see it."""
    config = ON_LIGHT if st.context.theme.type == "light" else ON_DARK
    st.vega_lite_chart(spec=drawn | {"config": config, "padding": CLOSE}, width="stretch", alt=told)


def paged(everything: list[Json], a_page: int, key: str) -> list[Json]:
    """So many of them as fit on a page, and the way to the others."""
    if len(everything) <= a_page:
        return everything
    number = st.pagination(-(-len(everything) // a_page), key=key)
    return everything[(number - 1) * a_page : number * a_page]


def nothing(text: str) -> None:
    """What to do where there is nothing to show."""
    st.info(text, icon=":material/info:")


def footer(frame: pl.DataFrame, span: Period, name: str, table: str = DAILY_TABLE) -> None:
    """Which days these were, how fresh they are, and all of it to take away."""
    me, made = current_user.current(), lake.as_of(table)
    with row():
        fresh = f" Numbers as of {local(made, me):%H:%M}." if made else ""
        st.caption(f"{formatting.long_date(span.first)} to {formatting.long_date(span.last)}, in your own days.{fresh}")
        csv(frame, f"{name}-{span.first}-{span.last}")


def csv(frame: pl.DataFrame, name: str) -> None:
    """What the page shows as a file. It is written when somebody asks for it."""
    st.download_button(
        "CSV",
        lambda: formatting.spreadsheet(frame),
        file_name=f"focusflow-{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        help=f"The rows behind this, as {name}.csv",
        on_click="ignore",
        key=f"csv {name}",
    )


def call(question: Callable[[Client], Answer]) -> Answer:
    """What the API answers the person who is signed in."""
    with shared().store.client(current_user.current()) as client:
        return question(client)


def asked(question: Callable[[Client], Answer]) -> Answer | None:
    """What the API answers. Where it does not, the page says so in words and goes on without."""
    try:
        with st.spinner("Loading …"):
            return call(question)
    except NotSignedIn:
        current_user.ended()
    except Conflict as problem:  # nothing is out of order: there is nothing to show yet, and the sentence says why
        nothing(str(problem))
    except Problem as problem:
        st.error(str(problem), icon=":material/cloud_off:")
    return None


def act(change: Callable[[Client], Any], said: str) -> bool:
    """Have the API change something, and tell how that went."""
    try:
        call(change)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
        return False
    st.toast(said, icon=":material/check:")
    return True


def doing(change: Callable[[Client], Any], said: str) -> Callable[[], None]:
    """The same for `on_click`."""

    def callback() -> None:
        act(change, said)

    return callback


def local(moment: datetime | str, me: Session) -> datetime:
    """A moment on the person's own clock."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return moment.astimezone(clock.zone(me.timezone))


def categories() -> dict[str, str]:
    """The names of the person's categories by their id."""
    return {"": "No category"} | {each["id"]: each["name"] for each in asked(Client.categories) or []}

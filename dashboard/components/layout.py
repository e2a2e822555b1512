"""The parts of which pages consist, so that the same thing looks and reads the same everywhere."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import current_user, formatting
from dashboard.api_client import Client
from dashboard.app_state import shared
from dashboard.auth.sessions import Session
from dashboard.charts.drawing import Spec
from dashboard.charts.style import CLOSE, ON_DARK, ON_LIGHT, vega_locale
from dashboard.components import period_picker
from dashboard.data import lake
from focusflow import clock, locales
from focusflow.clock import Period
from focusflow.errors import Conflict, NotSignedIn, Problem
from focusflow.i18n import gettext as _
from focusflow.lake.tables import DAILY_TABLE
from focusflow.metrics import BY_NAME

Answer = TypeVar("Answer")

#: Of a label and its value, reserved before Streamlit has loaded what draws them.
METRIC_HEIGHT = 52
MESSAGE = "message of the last run"


def row() -> DeltaGenerator:
    """Side by side where there is room for it."""
    return st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")


def title_row() -> DeltaGenerator:
    """The title of a page and what stands beside it. Its height is fixed, so that nothing below it moves when they arrive."""
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="title-row"
    )


def card_grid(most: int) -> DeltaGenerator:
    """Numbers side by side, and two by two on a phone."""
    return st.grid(most, min_column_width=150)


def page_header(title: str, today: date) -> Period:
    """The title of a page, and the range that it tells about."""
    with title_row():
        st.title(title, anchor=False)
        return period_picker.chosen(today)


def synthetic_note() -> None:
    """In a demo, say that its data is generated: on the pages from which somebody could conclude something."""
    if shared().is_demo:
        st.info(
            _(
                "This is a demo. Its users and their data are synthetic, so these figures say nothing about real people."
            ),
            icon=":material/science:",
        )


def metric(name: str, value: str, beside: str | None) -> None:
    """A number under the name and definition that it has everywhere."""
    stat(_(BY_NAME[name].label), value, beside, _(BY_NAME[name].meaning))


def stat(label: str, value: str, beside: str | None, meaning: str) -> None:
    with st.container(border=True, height="stretch"):
        st.metric(label, value, help=meaning, height=METRIC_HEIGHT)
        st.caption(beside or _("no earlier period to compare"))


def section_header(title: str, meaning: str | None = None) -> None:
    st.header(title, anchor=False, help=meaning)


def chart(spec: Spec, alt_text: str) -> None:
    """A chart, and what it shows in words for those who do not see it."""
    config = ON_LIGHT if st.context.theme.type == "light" else ON_DARK
    height = spec.get("height")  # which Streamlit reserves before it draws the chart
    st.vega_lite_chart(
        spec=spec | {"config": config | {"locale": vega_locale(locales.current())}, "padding": CLOSE},
        width="stretch",
        height=height if isinstance(height, int) else "content",
        alt=alt_text,
    )


def paginate(items: list[Answer], page_size: int, key: str) -> list[Answer]:
    """So many of them as fit on a page, and the way to the others."""
    if len(items) <= page_size:
        return items
    number = st.pagination(-(-len(items) // page_size), key=key)
    return items[(number - 1) * page_size : number * page_size]


def choice_in_address(label: str, options: Sequence[str], key: str) -> str:
    """One of several, which the address names in English whatever the language of the page: links keep working."""
    asked = st.query_params.get(key, options[0])
    chosen = st.segmented_control(
        label,
        options,
        default=asked if asked in options else options[0],
        required=True,
        key=key,
        format_func=_,
        label_visibility="collapsed",
    )
    if chosen and st.query_params.get(key, options[0]) != chosen:
        st.query_params[key] = chosen
    return chosen or options[0]


def empty_state(text: str) -> None:
    """What to do where there is nothing to show."""
    st.info(text, icon=":material/info:")


def footer(frame: pl.DataFrame, span: Period, name: str, table: str = DAILY_TABLE) -> None:
    """Which days these were, how fresh they are, and all of it to take away."""
    me, built_at = current_user.require_user(), lake.as_of(table)
    with row():
        days = _("{first} to {last}.", first=locales.whole_day(span.first), last=locales.whole_day(span.last))
        fresh = _("Numbers as of {time}.", time=locales.clock(local(built_at, me))) if built_at else ""
        st.caption(f"{days} {fresh}")
        csv_button(frame, f"{name}-{span.first}-{span.last}")


def quarantine_notice() -> None:
    """For whose numbers break a rule: that they may be wrong, and since when."""
    failed = lake.query("failed_rules")
    if len(failed):
        since = local(failed["since"][0], current_user.require_user())
        st.warning(
            _(
                "Some of your numbers failed a check on {moment} and may be wrong. Everything that you entered is saved. The administrator sees the details on Data health.",
                moment=locales.day_and_time(since),
            ),
            icon=":material/report:",
        )


def csv_button(frame: pl.DataFrame, name: str) -> None:
    """What the page shows as a file. It is written when somebody asks for it."""
    st.download_button(
        "CSV",
        lambda: formatting.spreadsheet(frame),
        file_name=f"focusflow-{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        help=_("The rows behind this, as {name}.csv", name=name),
        on_click="ignore",
        key=f"csv {name}",
    )


def call_api(question: Callable[[Client], Answer]) -> Answer:
    """What the API answers the user who is signed in."""
    with shared().store.client(current_user.require_user()) as client:
        return question(client)


def fetch(question: Callable[[Client], Answer]) -> Answer | None:
    """What the API answers. Where it does not, the page says so in words and goes on without."""
    try:
        with st.spinner(_("Loading …")):
            return call_api(question)
    except NotSignedIn:
        current_user.end_page()
    except Conflict as problem:  # not a failure: there is nothing to show yet, and the sentence says why
        empty_state(str(problem))
    except Problem as problem:
        st.error(str(problem), icon=":material/cloud_off:")
    return None


def perform(change: Callable[[Client], Any], message: str) -> bool:
    """Have the API change something, and tell how that went."""
    try:
        call_api(change)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
        return False
    st.toast(message, icon=":material/check:")
    return True


def perform_and_rerun(change: Callable[[Client], Any], message: str) -> None:
    """The same, and show the page anew. A toast would go with the run that ends here: the next run shows it."""
    try:
        call_api(change)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
    else:
        rerun_with(message)


def rerun_with(message: str) -> NoReturn:
    st.session_state[MESSAGE] = message
    st.rerun()


def show_message() -> None:
    """What the run before left to be said."""
    if message := st.session_state.pop(MESSAGE, None):
        st.toast(message, icon=":material/check:")


def on_click(change: Callable[[Client], Any], message: str) -> Callable[[], None]:
    """The same for `on_click`."""

    def callback() -> None:
        perform(change, message)

    return callback


def local(moment: datetime | str, me: Session) -> datetime:
    """A moment on the user's own clock."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return moment.astimezone(clock.zone(me.timezone))


def categories() -> dict[str, str]:
    """The names of the user's categories by their id."""
    return {"": _("No category")} | {each["id"]: each["name"] for each in fetch(Client.categories) or []}

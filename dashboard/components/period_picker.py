"""The days that a page tells about: chosen once, kept in the address, and the same on the next page.

Streamlit forgets a widget that a page does not show, and its own way of binding one to the address with it; so both are kept here.
"""

import re
from datetime import date, timedelta

import streamlit as st

from dashboard import formatting
from focusflow.clock import Period
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

#: Named in English by the address, in any language.
RANGES = {mark("7 days"): 7, mark("30 days"): 30, mark("90 days"): 90, mark("1 year"): 365}
USUAL, OWN = "30 days", mark("Dates")
LONGEST_DAYS = 3 * 366
KEPT = "range-kept"  # what the address says: the name of a range, or its first and last day
DATES = re.compile(r"(\d{4}-\d\d-\d\d)~(\d{4}-\d\d-\d\d)")


def chosen(today: date) -> Period:
    """The span that is chosen here, or was on another page, or is named by the address."""
    kept = st.session_state.get(KEPT) or st.query_params.get("range", USUAL)
    own = _dates(kept, today)
    before = OWN if own else kept if kept in RANGES else USUAL
    name = st.segmented_control(
        _("Range"),
        [*RANGES, OWN],
        default=before,
        required=True,
        key="range",
        format_func=_,
        label_visibility="collapsed",
        wrap=True,
    )
    span = _span(name or before, today)
    if name == OWN:
        span = _picked(own or span, today)
    value = f"{span.first}~{span.last}" if name == OWN else name or before
    st.session_state[KEPT] = value
    if st.query_params.get("range") != value:
        st.query_params["range"] = value
    return span


def keep() -> None:
    """What the address says, for the next page, where this one does not ask for days."""
    if value := st.query_params.get("range"):
        st.session_state.setdefault(KEPT, value)


def _span(name: str, today: date) -> Period:
    return Period.between(today - timedelta(days=RANGES.get(name, RANGES[USUAL]) - 1), today)


def _dates(value: str, today: date) -> Period | None:
    """
    >>> _dates("2026-09-01~2026-09-30", date(2026, 11, 21)).days
    30
    >>> _dates("2026-09-31~2026-09-30", date(2026, 11, 21))
    """
    found = DATES.fullmatch(value)
    try:
        first, last = (date.fromisoformat(each) for each in found.groups()) if found else (today, today)
        last = min(last, today)
        return Period.between(max(first, last - timedelta(days=LONGEST_DAYS - 1)), last) if found else None
    except ValueError:
        return None


def _picked(span: Period, today: date) -> Period:
    picked = st.date_input(
        _("Start and end"),
        (span.first, span.last),
        max_value=today,
        format=formatting.date_input_format(),
        key="dates",
        label_visibility="collapsed",
        width=240,
    )
    first, last = (picked[0], picked[-1]) if picked else (today, today)  # while only the first is picked, that day
    return Period.between(max(first, last - timedelta(days=LONGEST_DAYS - 1)), last)

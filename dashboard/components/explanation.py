"""How a daily figure comes about, for any number that a page shows: definition, SQL, input rows and result, now or as of a past moment."""

from datetime import date

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Json
from dashboard.components import layout, past_moment
from focusflow import locales
from focusflow.clock import Period
from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext
from focusflow.metrics import BY_NAME, METRICS

#: The first that is offered.
USUAL = "tasks_completed"


def explain(span: Period, first: str = USUAL) -> None:
    """Let the user choose a figure and a day, and show how it is computed. Nothing is computed before that."""
    today = current_user.local_today(current_user.require_user())
    with st.expander(_("Explain a number"), icon=":material/calculate:", key="explain", on_change="rerun") as opened:
        if not opened.open:
            return
        with st.form("explain figure", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            names = [each.name for each in METRICS]
            metric = st.selectbox(
                _("Number"), names, index=names.index(first), format_func=lambda name: _(BY_NAME[name].label)
            )
            day = st.date_input(_("Day"), min(span.last, today), max_value=today, format=formatting.date_input_format())
            moment = past_moment.as_of("explain")
            is_asked = st.form_submit_button(_("Explain"))
        if is_asked:
            found = layout.fetch(lambda client: client.explanation(metric, day, moment))
            if found:
                _show(found)


def _show(found: Json) -> None:
    me = current_user.require_user()
    moment = layout.local(found["as_of"], me)
    figure = _("{metric} on {day}", metric=_(found["label"]), day=locales.day(date.fromisoformat(found["day"])))
    st.markdown(f"**{figure}: {_value(found['result'])}**")
    published = _(
        "Computed again from what was recorded by {moment}. Published by then: {then}; published now: {now}.",
        moment=locales.moment(moment),
        then=_value(found["published"]),
        now=_value(found["current"]),
    )
    st.caption(f"{_(found['meaning'])} {published}")
    if found["late"]:
        late = ngettext(
            "{n} event of before that moment was recorded after it:",
            "{n} events of before that moment were recorded after it:",
            len(found["late"]),
        )
        st.caption(late)
        _table(found["late"])
    for each in found["inputs"]:
        rows = ngettext("{n} input row", "{n} input rows", each["count"])
        if each["count"] > len(each["rows"]):
            rows = _("{rows}, the first {shown} are shown", rows=rows, shown=len(each["rows"]))
        st.markdown(f"**{each['table']}**: {rows}")
        _table(each["rows"])
    for each in found["queries"]:
        st.markdown(f"**{each['name']}**")
        st.code(each["sql"], language="sql")


def _table(rows: list[Json]) -> None:
    if rows:
        st.dataframe(
            pl.DataFrame([{name: _cell(value) for name, value in row.items()} for row in rows]), hide_index=True
        )


def _cell(value: object) -> str:
    return "–" if value is None else str(value)


def _value(value: object) -> str:
    return locales.decimal(float(f"{value:.6g}"), 0, 6) if isinstance(value, float) else _cell(value)

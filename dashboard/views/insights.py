"""Insights: what stands out in a week against one's own usual, and how each number was found."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.charts import weeks as charts
from dashboard.components import layout
from dashboard.components.explanation import explain
from dashboard.components.live_refresh import refreshing
from dashboard.data import lake
from focusflow import locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.lake.tables import DAILY_TABLE
from focusflow.metrics import BY_NAME, TREND_WORDS, coverage_sentence

METRICS_SHOWN = {
    "tasks_completed": formatting.number,
    "focus_minutes": duration,
    "productivity_score": formatting.number,
}
HOW = mark(
    "Your usual range comes from your earlier whole weeks, at most 26 of them, and is made so that about four of five next weeks lie in it."
    " Only a week that is over and lies outside of it is called more or less than usual; with fewer than six earlier weeks nothing is claimed."
)
#: What stands out comes first.
RANK = {"higher": 0, "lower": 0, "usual": 1, "running": 2, "days_off": 3, "too_little_data": 4}


def page() -> None:
    span = layout.page_header(_("Insights"), current_user.local_today(current_user.require_user()))
    layout.synthetic_note()
    weeks = lake.query("weeks", first=span.first, last=span.last)
    if weeks.is_empty():
        layout.empty_state(_("No full week in this range: choose a longer one. Insights begin with your first week."))
        refreshing()
        return
    over = weeks.filter(pl.col("is_complete"))
    week = (over if len(over) else weeks).row(-1, named=True)
    layout.section_header(_("The week of {day}", day=formatting.long_date(week["first_day"])), _(HOW))
    if held := _coverage(week["first_day"]):
        st.caption(held)
    _words(week["first_day"])
    for name in sorted(METRICS_SHOWN, key=lambda each: RANK[week[f"{each}_trend"]]):
        _insight(name, week, weeks)
    layout.footer(weeks, span, "weeks", "gold/productivity_weekly")
    explain(span)
    refreshing()


def _coverage(day: date) -> str:
    """How many earlier weeks lay in the range that was made before them."""
    judged = lake.query("judged_weeks", before=day)
    inside = judged.filter(pl.col("tasks_completed_trend") == "usual") if len(judged) else judged
    return coverage_sentence(len(inside), len(judged), "week")


def _insight(name: str, week: dict[str, Any], weeks: pl.DataFrame) -> None:
    """A sentence, and under it what it rests on."""
    show, trend = METRICS_SHOWN[name], week[f"{name}_trend"]
    low, high = week[f"{name}_usual_low"], week[f"{name}_usual_high"]
    usual = ""
    if low is not None and high is not None:
        usual = f" ({_('{begin} to {end}', begin=show(low), end=show(high))})"
    marks = {"higher": ":material/trending_up:", "lower": ":material/trending_down:"}
    with st.container(border=True):
        st.markdown(
            f"{marks.get(trend, ':material/trending_flat:')} **{_(BY_NAME[name].label)}: {show(week[name])}**, {_(TREND_WORDS[trend])}{usual}."
        )
        with st.expander(_("How this is computed"), on_change="rerun", key=f"how {name}") as opened:
            if not opened.open:
                return
            st.caption(f"{_(BY_NAME[name].meaning)} {_(HOW)}")
            layout.chart(
                charts.against_usual(weeks, name),
                _("{metric} a week, over the usual range of each week.", metric=_(BY_NAME[name].label)),
            )
            _rows(name, weeks)


def _rows(name: str, weeks: pl.DataFrame) -> None:
    metric, low, high, trend = BY_NAME[name], f"{name}_usual_low", f"{name}_usual_high", f"{name}_trend"
    rows = weeks.select(
        "first_day",
        name,
        low,
        high,
        pl.col(trend).replace_strict({name: _(text) for name, text in TREND_WORDS.items()}, return_dtype=pl.String),
    )
    numbers = {name: f"{_(metric.label)}, {_(metric.unit)}", low: _("Usual from"), high: _("to")}
    st.dataframe(
        rows.reverse(),
        hide_index=True,
        column_config={
            "first_day": st.column_config.DateColumn(_("Week of"), format="D MMM YYYY"),
            **{column: st.column_config.NumberColumn(label, format="%.0f") for column, label in numbers.items()},
            trend: _("Trend"),
        },
    )


def _words(day: date) -> None:
    """What a writer makes of the same numbers. Each sentence opens to those it rests on."""
    insights = layout.fetch(
        lambda client: _load_insights(
            client, current_user.require_user().user_id, day, lake.version(DAILY_TABLE), locales.current()
        )
    )
    if insights is None:
        return
    with st.container(border=True):
        remarks = (*insights["observations"], *insights["suggestions"])
        if all(remark["text"] != insights["headline"] for remark in remarks):
            st.markdown(f"**{current_user.escape_markdown(insights['headline'])}**")
        for remark in remarks:
            text = current_user.escape_markdown(remark["text"])
            with st.container(
                horizontal=True, wrap=False, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                st.markdown(f"**{text}**" if remark["text"] == insights["headline"] else text)
                with st.popover(_("Why"), type="tertiary"):
                    for each in remark["evidence"]:
                        _evidence(each)
        is_by_service = insights["written_by"] == "service"
        writer = _("Written by a language model.") if is_by_service else _("Written by rule, on this machine.")
        st.caption(f"{writer} {_('Sentences that your data does not support are not shown.')}")
        if insights["reason"]:
            reason = current_user.escape_markdown(insights["reason"])
            st.caption(f":material/info: {_('The text of the language model was not used: {reason}.', reason=reason)}")


@st.cache_data(max_entries=500, show_spinner=False)
def _load_insights(_client: Client, user_id: str, day: date, version: int, locale: str) -> Json:  # noqa: ARG001 (the same numbers, the same words)
    return _client.insights(day)


def _evidence(each: Json) -> None:
    defined = BY_NAME.get(each["metric"])
    label, unit = (_(defined.label), _(defined.unit)) if defined else (each["metric"].replace("_", " "), "")
    value = f"{locales.decimal(each['value'])} {unit}".strip()
    st.markdown(f"**{label}: {value}**")
    if defined:
        st.caption(_(defined.meaning))

"""Overview: a period in a few numbers, each against the period before, and the days behind them."""

from datetime import date, timedelta

import polars as pl
import streamlit as st

from dashboard import charts, data, person, words
from dashboard.live import refreshing
from focusflow.metrics import BY_NAME, SCORE_PARTS

RANGES = {"7 days": 7, "30 days": 30, "90 days": 90, "1 year": 365}


def page() -> None:
    me = person.current()
    today = person.today_of(me)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Overview", anchor=False)
        chosen = st.segmented_control(
            "Range",
            list(RANGES),
            default="30 days",
            required=True,
            key="range",
            bind="query-params",
            label_visibility="collapsed",
        )
    first = today - timedelta(days=RANGES[chosen or "30 days"] - 1)
    days, before = data.with_comparison(me.user_id, first, today)
    if days.is_empty():
        st.info(
            "There are no numbers yet. As soon as you add a task, start a timer or log a habit through the API, they appear here.",
            icon=":material/hourglass_empty:",
        )
        refreshing()
        return
    _numbers(days, before)
    _score(days)
    _year(me.user_id, today)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(
            "Completed a week",
            anchor=False,
            help="The dashed line is your median week. Weeks that are not whole are pale.",
        )
        st.altair_chart(charts.week_bars(days), width="stretch")
    with right:
        st.subheader("Focus by weekday", anchor=False, help=BY_NAME["focus_minutes"].meaning)
        st.altair_chart(charts.weekday_bars(days, "focus_minutes", "Minutes a day"), width="stretch")
    _footer(days, first, today)
    refreshing()


def _numbers(days: pl.DataFrame, before: pl.DataFrame) -> None:
    comparable = before if len(before) == len(days) else before.clear()
    cards = [
        ("tasks_completed", _sum, words.number, "number"),
        ("tasks_completed_on_time", _on_time, words.percent, "percent"),
        ("focus_minutes", _sum, words.hours, "hours"),
        ("productivity_score", _mean, words.number, "number"),
    ]
    for column, (metric, reduce, show, how) in zip(st.columns(4), cards, strict=True):
        now, then = reduce(days, metric), reduce(comparable, metric)
        with column, st.container(border=True, height="stretch"):
            st.metric(BY_NAME[metric].label, show(now), help=BY_NAME[metric].meaning)
            st.caption(words.against_before(now, then, how) or "nothing to compare with yet")


def _sum(days: pl.DataFrame, column: str) -> float | None:
    return data.total(days, column) if len(days) else None


def _mean(days: pl.DataFrame, column: str) -> float | None:
    mean = days[column].mean()
    return float(mean) if isinstance(mean, float) else None


def _on_time(days: pl.DataFrame, column: str) -> float | None:
    with_due = data.total(days, "tasks_completed_with_due")
    return data.total(days, column) / with_due if with_due else None


def _score(days: pl.DataFrame) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Productivity score", anchor=False, help=BY_NAME["productivity_score"].meaning)
        if days["productivity_score"].is_null().all():
            st.info(
                "No day of this range has a score: they were days off, or nothing happened.",
                icon=":material/beach_access:",
            )
        else:
            st.altair_chart(charts.score_line(days), width="stretch")
    with right:
        st.subheader("What it is made of", anchor=False, help="The mean of each part over the range, where it applies.")
        parts = pl.DataFrame(
            [
                {
                    "label": f"{part.label} ({part.weight:.0%})",
                    "value": days[part.column].mean(),
                    "weight": part.weight,
                    "meaning": part.meaning,
                }
                for part in SCORE_PARTS
            ],
            schema={"label": pl.String, "value": pl.Float64, "weight": pl.Float64, "meaning": pl.String},
        ).drop_nulls("value")
        st.altair_chart(charts.score_parts(parts), width="stretch")


def _year(user_id: str, today: date) -> None:
    st.subheader("The year", anchor=False, help=BY_NAME["tasks_completed"].meaning)
    year = data.days(user_id, today - timedelta(days=364), today)
    st.altair_chart(charts.year_grid(year), width="stretch")
    best = year.sort("tasks_completed", descending=True).row(0, named=True)
    if best["tasks_completed"]:
        st.caption(
            f"{words.number(data.total(year, 'tasks_completed'))} tasks completed; the most on one day were"
            f" {best['tasks_completed']}, on {words.long_date(best['local_date'])}."
        )


def _footer(days: pl.DataFrame, first: date, last: date) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{words.long_date(first)} to {words.long_date(last)}, in your own days.")
        st.download_button(
            "CSV",
            days.drop("bucket", "month").write_csv,
            file_name=f"focusflow-{first}-{last}.csv",
            mime="text/csv",
            icon=":material/download:",
            help="Every column of these days",
        )

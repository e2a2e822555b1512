"""Product: who comes, who comes back, how far they come, and what they use. About all people together, for analysts and admins."""

import polars as pl
import streamlit as st

from dashboard import data, parts, person, words
from dashboard.charts import product as charts
from dashboard.live import refreshing

ACTIVE = "Somebody is active on a day on which they did something themselves: a delivery or a run of the pipeline does not count."
RETENTION = "Of those whose first event was in a week, the share that did something so many weeks later. A week that is not over is blank."
FUNNEL = "Of those who registered in the range, how many came so far by now."
ACTIVITY = {"dau": "Active a day", "wau": "In 7 days", "mau": "In 30 days", "stickiness": "Stickiness"}
STEPS = {
    "registered": "Registered",
    "first_task": "First task",
    "first_completion": "First completion",
    "first_goal": "First goal",
    "back_in_week_2": "Back in week 2",
}
FEATURES_SHOWN = 12


def page() -> None:
    span = parts.head("Product", person.today_of(person.current()))
    days = data.ask("activity", first=span.first, last=span.last)
    if days.is_empty():
        parts.nothing(
            "No app has sent events in these days. They come in through the API, or from a library of Segment."
        )
    else:
        _activity(days)
    _cohorts(data.ask("retention", first=span.first, last=span.last))
    left, right = st.columns(2, gap="large")
    with left:
        _funnel(data.ask("funnel", first=span.first, last=span.last))
    with right:
        _features(data.ask("features", first=span.first, last=span.last))
    parts.footer(days, span, "activity", "gold/app_activity")
    refreshing()


def _activity(days: pl.DataFrame) -> None:
    last = days.row(-1, named=True)
    with parts.cards(4):
        for name, label in ACTIVITY.items():
            mean = days[name].mean()
            show = words.percent if name == "stickiness" else words.number
            usual = f"{show(mean)} on the mean day of the range" if isinstance(mean, float) else None
            meaning = "Daily by monthly users, on the last day." if name == "stickiness" else ACTIVE
            parts.number(label, show(last[name]), usual, meaning)
    parts.heading("Active people", ACTIVE)
    parts.chart(charts.active_lines(days), "Active people a day, in seven and in thirty days.")


def _cohorts(cohorts: pl.DataFrame) -> None:
    parts.heading("Who comes back", RETENTION)
    if cohorts.is_empty():
        parts.nothing("Nobody began in these days. Choose a longer range.")
        return
    parts.chart(charts.retention_grid(cohorts), "The share that came back, a row a cohort, a column a week.")


def _funnel(steps: pl.DataFrame) -> None:
    parts.heading("How far they come", FUNNEL)
    if steps.is_empty():
        parts.nothing("Nobody registered in these days.")
        return
    named = steps.with_columns(pl.col("name").replace(STEPS))
    parts.chart(
        charts.shares(named.select("name", "share", "users"), "name", "share", is_share=True),
        "The share that reached each step.",
    )
    st.caption(f"{words.count(steps['cohort'][0], 'person', 'people')} registered.")


def _features(features: pl.DataFrame) -> None:
    parts.heading("What they use", "Tracked events by name, the most first.")
    if features.is_empty():
        parts.nothing("No events in these days.")
        return
    parts.chart(charts.shares(features.head(FEATURES_SHOWN), "event_name", "events"), "Events by name.")
    if features.height > FEATURES_SHOWN:
        with st.expander("All names"):
            st.dataframe(features, hide_index=True)

"""Product: who comes, who comes back, how far they come, and what they use. About all users together, for analysts and admins."""

from datetime import date, timedelta

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.app_state import shared
from dashboard.charts import product as charts
from dashboard.components import layout
from dashboard.components.live_refresh import refreshing
from dashboard.data import lake
from focusflow.clock import Period

ACTIVE = "Somebody is active on a day on which they did something themselves: a delivery or a run of the pipeline does not count."
RETENTION = (
    "Of those whose first event was in a week of the last year, or of a longer range, the share that did something so many weeks later. A week that is"
    " not over is blank."
)
FUNNEL = "Of those who registered in the last year, or in a longer range, how many came so far by now."
COHORT_DAYS = 365  # a cohort takes weeks to tell of anything: a shorter range would be empty
UPLIFT = (
    "Each person's latest four full weeks against their first four, those who do not come any more included: the mean of the changes, with a"
    " 95 % interval from cohorts drawn anew from these people. The aim is 10 to 12 tasks a week within half a year. It tells of all together, and of"
    " no one of them."
)
UP_20 = "The share of people who complete a fifth more than at first, or more than that."
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
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header("Product", today)
    layout.synthetic_note()
    days = lake.query("activity", first=span.first, last=span.last)
    if days.is_empty():
        layout.empty_state(
            "No app has sent events in these days. They come in through the API, or from a library of Segment."
        )
    else:
        _activity(over(days, today))
    year = Period.between(min(span.first, span.last - timedelta(days=COHORT_DAYS - 1)), span.last)
    size = shared().min_group_size
    _cohorts(lake.query("retention", first=year.first, last=year.last, min_group_size=size), year)
    _uplift(lake.query("uplift", min_group_size=size))
    left, right = st.columns(2, gap="large")
    with left:
        _funnel(lake.query("funnel", first=year.first, last=year.last, min_group_size=size), year)
    with right:
        _features(lake.query("features", first=span.first, last=span.last, min_group_size=size), span)
    if size > 1:
        st.caption(f"Groups and names of fewer than {size} people are not shown.")
    layout.footer(days, span, "activity", "gold/app_activity")
    refreshing()


def over(days: pl.DataFrame, today: date) -> pl.DataFrame:
    """The days that are over, for who has not come today may still come; today where there is no other."""
    whole = days.filter(pl.col("local_date") < today)
    return whole if len(whole) else days


def _no_group(text: str) -> str:
    """Why nothing is shown: too few users."""
    return f"Groups are shown from {formatting.count(shared().min_group_size, 'person', 'people')} on. {text}"


def _activity(days: pl.DataFrame) -> None:
    last = days.row(-1, named=True)
    with layout.card_grid(4):
        for name, label in ACTIVITY.items():
            mean = days[name].mean()
            show = formatting.percent if name == "stickiness" else formatting.number
            usual = f"{show(mean)} on the mean day of the range" if isinstance(mean, float) else None
            meaning = "Daily by monthly users." if name == "stickiness" else ACTIVE
            layout.stat(label, show(last[name]), usual, f"{meaning} Shown is the last day that is over.")
    layout.section_header("Active people", ACTIVE)
    layout.chart(charts.active_lines(days), "Active people a day, in seven and in thirty days.")


def _cohorts(cohorts: pl.DataFrame, span: Period) -> None:
    layout.section_header("Who comes back", RETENTION)
    if cohorts.is_empty():
        layout.empty_state(_no_group("No week in which that many people began lies in this time."))
        return
    layout.chart(charts.retention_grid(cohorts), "The share that came back, a row a cohort, a column a week.")
    layout.csv_button(cohorts, f"retention-{span.first}-{span.last}")


def _uplift(months: pl.DataFrame) -> None:
    """Of all users together, whenever they began: the range of the page does not matter."""
    layout.section_header("Whether they get more done", UPLIFT)
    if months.is_empty() or not months["users"][-1]:
        layout.empty_state(
            "Nobody has been here for eight full weeks yet: four to begin with, and four to hold against them."
        )
        return
    last = months.row(-1, named=True)
    low, high = last["mean_change_low"], last["mean_change_high"]
    with layout.card_grid(3):
        sure = f"95 % sure within {low:+.1f} to {high:+.1f}" if low is not None else "too few people for an interval"
        layout.stat("Change in weekly tasks", f"{last['mean_change']:+.1f}", sure, UPLIFT)
        layout.stat(
            "A fifth more",
            formatting.percent(last["share_up_20"]),
            f"of {formatting.count(last['users'], 'person', 'people')}",
            UP_20,
        )
        layout.stat(
            "Tasks a week",
            f"{last['latest_weekly']:.1f}",
            f"{last['first_weekly']:.1f} at first",
            "In the latest four full weeks, and in the first four.",
        )
    if low is not None:
        layout.chart(
            charts.uplift_band(months), "The mean change of tasks a week, month by month, in its 95 percent interval."
        )
        verdict = "Nothing has been shown: the interval holds 0." if low <= 0 <= high else "The interval is clear of 0."
        st.caption(
            f"{verdict} In four of five groups like this one, {last['detectable_change']:.1f} tasks a week would show."
        )
    layout.csv_button(months, "uplift")


def _funnel(steps: pl.DataFrame, span: Period) -> None:
    layout.section_header("How far they come", FUNNEL)
    if steps.is_empty():
        layout.empty_state(_no_group("Fewer people registered in this time."))
        return
    named = steps.with_columns(pl.col("name").replace(STEPS))
    layout.chart(
        charts.shares(named.select("name", "share", "users"), "name", "share", is_share=True),
        "The share that reached each step.",
    )
    st.caption(f"{formatting.count(steps['cohort'][0], 'person', 'people')} registered.")
    layout.csv_button(steps, f"funnel-{span.first}-{span.last}")


def _features(features: pl.DataFrame, span: Period) -> None:
    layout.section_header("What they use", "Tracked events by name, the most first.")
    if features.is_empty():
        layout.empty_state(_no_group("No event of that many people is in these days."))
        return
    layout.chart(charts.shares(features.head(FEATURES_SHOWN), "event_name", "events"), "Events by name.")
    if features.height > FEATURES_SHOWN:
        with st.expander("All names"):
            st.dataframe(features, hide_index=True)
    layout.csv_button(features, f"features-{span.first}-{span.last}")

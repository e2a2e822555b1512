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
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext

ACTIVE = mark(
    "Somebody is active on a day on which they did something themselves: a delivery or a run of the pipeline does not count."
)
RETENTION = mark(
    "Of the users whose first event was in a week of the last year, or of a longer range, the share that "
    "was active so many weeks later. Unfinished weeks are blank."
)
FUNNEL = mark(
    "Of the users who registered in the last year, or in a longer range, how many have reached each step by now."
)
COHORT_DAYS = 365  # a cohort takes weeks to tell of anything: a shorter range would be empty
UPLIFT = mark(
    "Each user's latest four full weeks compared with their first four, including users who left: the mean "
    "change, with a 95 % interval from resampled users. The aim is 10 to 12 tasks a week within half a "
    "year. It describes all users together, and none of them alone."
)
UP_20 = mark("The share of users who complete at least a fifth more than at first.")
ACTIVITY = {
    "dau": mark("Active a day"),
    "wau": mark("In 7 days"),
    "mau": mark("In 30 days"),
    "stickiness": mark("Stickiness"),
}
STEPS = {
    "registered": mark("Registered"),
    "first_task": mark("First task"),
    "first_completion": mark("First completion"),
    "first_goal": mark("First goal"),
    "back_in_week_2": mark("Back in week 2"),
}
FEATURES_SHOWN = 12


def page() -> None:
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header(_("Product"), today)
    layout.synthetic_note()
    days = lake.query("activity", first=span.first, last=span.last)
    if days.is_empty():
        layout.empty_state(
            _("No app has sent events in these days. They come in through the API, or from a library of Segment.")
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
        st.caption(_("Groups and names of fewer than {size} users are not shown.", size=size))
    layout.footer(days, span, "activity", "gold/app_activity")
    refreshing()


def over(days: pl.DataFrame, today: date) -> pl.DataFrame:
    """The days that are over, for who has not come today may still come; today where there is no other."""
    whole = days.filter(pl.col("local_date") < today)
    return whole if len(whole) else days


def interval(low: float, high: float) -> str:
    return _("95 % sure within {low} to {high}", low=formatting.signed(low), high=formatting.signed(high))


def _no_group(text: str) -> str:
    """Why nothing is shown: too few users."""
    shown = ngettext("Groups have at least {n} user.", "Groups have at least {n} users.", shared().min_group_size)
    return f"{shown} {text}"


def _activity(days: pl.DataFrame) -> None:
    last = days.row(-1, named=True)
    with layout.card_grid(4):
        for name, label in ACTIVITY.items():
            mean = days[name].mean()
            show = formatting.percent if name == "stickiness" else formatting.number
            usual = _("{mean} on the mean day of the range", mean=show(mean)) if isinstance(mean, float) else None
            meaning = _("Daily by monthly users.") if name == "stickiness" else _(ACTIVE)
            layout.stat(_(label), show(last[name]), usual, f"{meaning} {_('Shown is the last day that is over.')}")
    layout.section_header(_("Active users"), _(ACTIVE))
    layout.chart(charts.active_lines(days), _("Active users a day, in seven and in thirty days."))


def _cohorts(cohorts: pl.DataFrame, span: Period) -> None:
    layout.section_header(_("Who comes back"), _(RETENTION))
    if cohorts.is_empty():
        layout.empty_state(_no_group(_("No week of this range has that many new users.")))
        return
    layout.chart(charts.retention_grid(cohorts), _("The share that came back, a row a cohort, a column a week."))
    layout.csv_button(cohorts, f"retention-{span.first}-{span.last}")


def _uplift(months: pl.DataFrame) -> None:
    """Of all users together, whenever they began: the range of the page does not matter."""
    layout.section_header(_("Impact"), _(UPLIFT))
    if months.is_empty() or not months["users"][-1]:
        layout.empty_state(_("No user has eight full weeks yet: the latest four are compared with the first four."))
        return
    last = months.row(-1, named=True)
    low, high = last["mean_change_low"], last["mean_change_high"]
    with layout.card_grid(3):
        sure = interval(low, high) if low is not None else _("too few users for an interval")
        layout.stat(_("Change in weekly tasks"), formatting.signed(last["mean_change"]), sure, _(UPLIFT))
        layout.stat(
            _("A fifth more"),
            formatting.percent(last["share_up_20"]),
            ngettext("of {n} user", "of {n} users", last["users"]),
            _(UP_20),
        )
        layout.stat(
            _("Tasks a week"),
            formatting.tenths(last["latest_weekly"]),
            _("{value} at first", value=formatting.tenths(last["first_weekly"])),
            _("In the latest four full weeks, and in the first four."),
        )
    if low is not None:
        layout.chart(
            charts.uplift_band(months),
            _("The mean change of tasks a week, month by month, in its 95 percent interval."),
        )
        is_clear = not low <= 0 <= high
        verdict = _("The interval is clear of 0.") if is_clear else _("Nothing has been shown: the interval holds 0.")
        power = _(
            "A change of {change} tasks a week would be detected in four of five such groups.",
            change=formatting.tenths(last["detectable_change"]),
        )
        st.caption(f"{verdict} {power}")
    layout.csv_button(months, "uplift")


def _funnel(steps: pl.DataFrame, span: Period) -> None:
    layout.section_header(_("How far they come"), _(FUNNEL))
    if steps.is_empty():
        layout.empty_state(_no_group(_("Fewer users registered in this range.")))
        return
    named = steps.with_columns(pl.col("name").replace({name: _(text) for name, text in STEPS.items()}))
    layout.chart(
        charts.shares(named.select("name", "share", "users"), "name", "share", is_share=True),
        _("The share that reached each step."),
    )
    st.caption(ngettext("{n} user registered.", "{n} users registered.", steps["cohort"][0]))
    layout.csv_button(steps, f"funnel-{span.first}-{span.last}")


def _features(features: pl.DataFrame, span: Period) -> None:
    layout.section_header(_("What they use"), _("Tracked events by name, the most first."))
    if features.is_empty():
        layout.empty_state(_no_group(_("No event of this range comes from that many users.")))
        return
    layout.chart(charts.shares(features.head(FEATURES_SHOWN), "event_name", "events"), _("Events by name."))
    if features.height > FEATURES_SHOWN:
        with st.expander(_("All names")):
            st.dataframe(features, hide_index=True)
    layout.csv_button(features, f"features-{span.first}-{span.last}")

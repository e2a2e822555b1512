"""App users: who uses the user's own app, by the events that it sends with a key."""

from datetime import timedelta

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.charts import product as charts
from dashboard.components import layout
from dashboard.data import lake
from dashboard.views.product import ACTIVITY, COHORT_DAYS, FEATURES_SHOWN, interval, over
from focusflow.clock import Period
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext

ACTIVE = mark("A user of your app is active on a day on which the app sent an event of theirs.")
RETENTION = mark(
    "Of those whose first event was in a week, the share that did something so many weeks later. A week that is not over is blank."
)
FUNNEL = mark("Of those who were first seen in the last year, or in a longer range, how many came so far by now.")
UPLIFT = mark("Events a week in each user's latest four full weeks, against their first four.")
STEPS = {
    "seen": mark("Seen"),
    "known": mark("Signed in"),
    "back": mark("Back on another day"),
    "back_in_week_2": mark("Back in week 2"),
}
EMPTY = mark(
    "No app has sent events of its own users in these days. Create an API key with events:write, and let your app send `userId` or `anonymousId`"
    " by a library of Segment or PostHog."
)


def page() -> None:
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header(_("App users"), today)
    days = lake.query("app_activity", first=span.first, last=span.last)
    if days.is_empty():
        layout.empty_state(_(EMPTY))
        return
    _activity(over(days, today))
    year = Period.between(min(span.first, span.last - timedelta(days=COHORT_DAYS - 1)), span.last)
    cohorts = lake.query("app_retention", first=year.first, last=year.last)
    layout.section_header(_("Who comes back"), _(RETENTION))
    if cohorts.is_empty():
        layout.empty_state(_("No week of your app is over yet."))
    else:
        layout.chart(charts.retention_grid(cohorts), _("The share that came back, a row a cohort, a column a week."))
    left, right = st.columns(2, gap="large")
    with left:
        _funnel(lake.query("app_funnel", first=year.first, last=year.last))
    with right:
        _features(lake.query("app_features", first=span.first, last=span.last))
    _uplift(lake.query("app_uplift"))
    layout.footer(days, span, "app-users", "gold/app_users_daily")


def _activity(days: pl.DataFrame) -> None:
    last = days.row(-1, named=True)
    with layout.card_grid(4):
        for name, label in ACTIVITY.items():
            show = formatting.percent if name == "stickiness" else formatting.number
            mean = days[name].mean()
            usual = _("{mean} on the mean day of the range", mean=show(mean)) if isinstance(mean, float) else None
            layout.stat(_(label), show(last[name]), usual, f"{_(ACTIVE)} {_('Shown is the last day that is over.')}")
    layout.section_header(_("Active users"), _(ACTIVE))
    layout.chart(charts.active_lines(days), _("Active users a day, in seven and in thirty days."))


def _funnel(steps: pl.DataFrame) -> None:
    layout.section_header(_("How far they come"), _(FUNNEL))
    if steps.is_empty():
        layout.empty_state(_("Nobody was first seen in this time."))
        return
    named = steps.with_columns(pl.col("name").replace({name: _(text) for name, text in STEPS.items()}))
    layout.chart(
        charts.shares(named.select("name", "share", "users"), "name", "share", is_share=True),
        _("The share that reached each step."),
    )


def _features(features: pl.DataFrame) -> None:
    layout.section_header(_("What they use"), _("Events by name, the most first."))
    if not features.is_empty():
        layout.chart(charts.shares(features.head(FEATURES_SHOWN), "event_name", "events"), _("Events by name."))


def _uplift(months: pl.DataFrame) -> None:
    layout.section_header(_("Whether they use it more"), _(UPLIFT))
    if months.is_empty():
        layout.empty_state(_("Nobody has used your app for eight full weeks yet."))
        return
    last = months.row(-1, named=True)
    low, high = last["mean_change_low"], last["mean_change_high"]
    sure = interval(low, high) if low is not None else _("too few users for an interval")
    with layout.card_grid(3):
        layout.stat(_("Change in weekly events"), formatting.signed(last["mean_change"]), sure, _(UPLIFT))
        layout.stat(
            _("A fifth more"),
            formatting.percent(last["share_up_20"]),
            ngettext("of {n} user", "of {n} users", last["users"]),
            _(UPLIFT),
        )
        layout.stat(
            _("Events a week"),
            formatting.tenths(last["latest_weekly"]),
            _("{value} at first", value=formatting.tenths(last["first_weekly"])),
            _(UPLIFT),
        )

"""Where time goes."""

from datetime import date

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import (
    ACCENT,
    BARE,
    DATE_FORMAT,
    HEIGHT,
    MAIN,
    NAMES,
    QUIET,
    SHADES,
    WEEKS,
    values,
    weekdays,
)
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

HOURS = alt.Axis(
    title=None,
    labelAngle=0,
    ticks=False,
    domain=False,
    grid=False,
    labelExpr="datum.value % 3 == 0 ? datum.value + ':00' : ''",
)
#: How an entry was tracked, as it is stored: what that is called, and its color.
KINDS = {"focus": (mark("timer"), MAIN), "pomodoro": (mark("pomodoro"), ACCENT), "manual": (mark("manual"), QUIET)}


@cached_spec
def kind_bars(spent: pl.DataFrame, first: date, last: date, *, by_week: bool) -> alt.Chart:
    """Hours a day or a week of a span, by how they were taken down. Where nothing was, there is a gap: not the next day beside the last."""
    labels = {kind: _(label) for kind, (label, _color) in KINDS.items()}
    step = "1w" if by_week else "1d"
    every = pl.DataFrame({"day": pl.date_range(first, last, "1d", eager=True).dt.truncate(step).unique()})
    totals = spent.group_by(day=pl.col("local_date").dt.truncate(step), kind="kind").agg(
        hours=pl.col("minutes").sum() / 60
    )
    frame = (
        every.join(totals, on="day", how="left")
        .with_columns(pl.col("hours").fill_null(0), pl.col("kind").fill_null("focus").replace(labels))
        .sort("day", "kind")
    )
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):O", title=None, axis=WEEKS),
            y=alt.Y("hours:Q", title=None, axis=values(labelExpr="datum.value + ' h'")),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(labels.values()), range=[color for _label, color in KINDS.values()]),
                legend=alt.Legend(title=None, orient="top", direction="horizontal"),
            ),
            tooltip=[
                alt.Tooltip("day:T", title=_("Week of") if by_week else _("Day"), format=DATE_FORMAT),
                alt.Tooltip("kind:N", title=_("Kind")),
                alt.Tooltip("hours:Q", title=_("Hours"), format=".1f"),
            ],
        )
        .properties(height=HEIGHT)
    )


@cached_spec
def category_bars(spent: pl.DataFrame) -> alt.Chart:
    """Hours by category, the most first."""
    frame = (
        spent.group_by("category")
        .agg(hours=pl.col("minutes").sum() / 60)
        .sort("hours", descending=True)
        .with_columns(share=pl.col("hours") / pl.col("hours").sum())
        .head(8)
    )
    return (
        alt.Chart(frame)
        .mark_bar(color=MAIN, opacity=0.9, cornerRadiusEnd=2, height={"band": 0.6})
        .encode(
            y=alt.Y("category:N", sort=None, title=None, axis=NAMES),
            x=alt.X("hours:Q", title=None, axis=values(labelExpr="datum.value + ' h'")),
            tooltip=[
                alt.Tooltip("category:N", title=_("Category")),
                alt.Tooltip("hours:Q", title=_("Hours"), format=".1f"),
                alt.Tooltip("share:Q", title=_("Share"), format=".0%"),
            ],
        )
        .properties(height=HEIGHT)
    )


@cached_spec
def hour_grid(hours: pl.DataFrame, column: str, title: str, weeks: float) -> alt.Chart:
    """A square an hour of the week: the mean minutes of a week in it."""
    every = pl.DataFrame({"weekday": weekdays()}).join(pl.DataFrame({"hour": range(24)}), how="cross")
    totals = (
        hours.group_by(weekday=pl.col("local_date").dt.weekday() - 1, hour="hour_of_day")
        .agg(minutes=pl.col(column).sum() / max(weeks, 1))
        .with_columns(pl.col("weekday").replace_strict(dict(enumerate(weekdays())), return_dtype=pl.String))
    )
    frame = every.join(totals, on=["weekday", "hour"], how="left").with_columns(pl.col("minutes").fill_null(0))
    return (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=2)
        .encode(
            x=alt.X("hour:O", title=None, axis=HOURS),
            y=alt.Y("weekday:O", scale=alt.Scale(domain=weekdays()), title=None, axis=BARE),
            color=alt.Color(
                "minutes:Q", scale=alt.Scale(type="threshold", domain=[2, 10, 20, 35], range=SHADES), legend=None
            ),
            tooltip=[
                alt.Tooltip("weekday:O", title=_("Weekday")),
                alt.Tooltip("hour:O", title=_("From hour")),
                alt.Tooltip("minutes:Q", title=title, format=".0f"),
            ],
        )
        .properties(height=190)
    )

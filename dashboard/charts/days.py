"""A user's days: their score, what was completed, and on which weekdays."""

from datetime import date

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.grids import calendar_grid
from dashboard.charts.style import (
    ACCENT,
    DATE_FORMAT,
    DATES,
    FULL_FORMAT,
    HEIGHT,
    MAIN,
    QUIET,
    SHADES,
    WEEKS,
    day_tooltip,
    label,
    values,
    weekdays,
)
from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.metrics import TREND_WORDS


@cached_spec
def score_line(days: pl.DataFrame, running: date | None = None) -> alt.LayerChart:
    """The score of each day as a dot, its mean over seven days as the line; a mark where a goal was reached. The day that is still running
    is a ring, and no part of the mean.
    """
    is_running = pl.lit(False) if running is None else pl.col("local_date") >= running
    over = days.filter(~is_running)
    frame = over.select(
        "local_date",
        "productivity_score",
        mean=pl.col("productivity_score").rolling_mean(7, min_samples=3).round(1),
    )
    base = alt.Chart(frame).encode(x=alt.X("local_date:T", axis=DATES))
    y = alt.Y(
        "productivity_score:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5, domain=False)
    )
    dots = base.mark_circle(size=26, opacity=0.45, color=QUIET).encode(
        y=y,
        tooltip=[
            alt.Tooltip("local_date:T", title=_("Day"), format=FULL_FORMAT),
            alt.Tooltip("productivity_score:Q", title=_("Score"), format=".0f"),
            alt.Tooltip("mean:Q", title=_("Mean of 7 days"), format=".0f"),
        ],
    )
    ring = (
        alt.Chart(days.filter(is_running).select("local_date", "productivity_score"))
        .mark_point(size=40, color=QUIET, filled=False, opacity=1)
        .encode(
            x=alt.X("local_date:T", axis=DATES),
            y=y,
            tooltip=[day_tooltip(), alt.Tooltip("productivity_score:Q", title=_("Score so far"), format=".0f")],
        )
    )
    line = base.mark_line(color=MAIN, strokeWidth=2.5, interpolate="monotone").encode(y=alt.Y("mean:Q", title=None))
    name = label(
        frame.drop_nulls("mean").tail(1).select("local_date", value="mean", said=pl.lit(_("7-day mean"))), align="right"
    )
    reached = days.filter(pl.col("goals_completed") > 0).select("local_date", "goals_completed")
    marks = (
        alt.Chart(reached)
        .mark_rule(color=ACCENT, strokeWidth=1.5)
        .encode(
            x=alt.X("local_date:T", axis=DATES),
            tooltip=[day_tooltip(), alt.Tooltip("goals_completed:Q", title=_("Goals reached"))],
        )
    )
    return alt.LayerChart(
        layer=[*([marks] if len(reached) else []), dots, *([ring] if len(over) < len(days) else []), line, name]
    ).properties(height=HEIGHT)


@cached_spec
def week_bars(days: pl.DataFrame, unusual: pl.DataFrame) -> alt.LayerChart:
    """Tasks completed a week, the median week as a line to hold them against, and an arrow at weeks that were not usual."""
    weeks = (
        days.group_by(week=pl.col("local_date").dt.truncate("1w"))
        .agg(pl.col("tasks_completed").sum(), days=pl.len())
        .sort("week")
    )
    whole = weeks.filter(pl.col("days") == 7)
    bars = (
        alt.Chart(weeks)
        .mark_bar(color=MAIN, cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=alt.X(
                "yearmonthdate(week):O",
                title=None,
                axis=WEEKS,
            ),
            y=alt.Y("tasks_completed:Q", title=None, axis=values(tickMinStep=1)),
            opacity=alt.condition("datum.days == 7", alt.value(0.9), alt.value(0.4)),
            tooltip=[
                alt.Tooltip("week:T", title=_("Week of"), format=DATE_FORMAT),
                alt.Tooltip("tasks_completed:Q", title=_("Completed")),
                alt.Tooltip("days:Q", title=_("Days")),
            ],
        )
    )
    middle = whole.select(pl.col("tasks_completed").median().alias("median"))
    rule = (
        alt.Chart(middle.with_columns(said=pl.lit(_("median {value}", value=locales.count(middle["median"][0])))))
        .mark_rule(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(y="median:Q", tooltip=[alt.Tooltip("median:Q", title=_("Your median week"), format=".0f")])
    )
    name = rule.mark_text(align="right", x="width", dy=-6).encode(text="said:N")
    layers = [bars, rule, name, *([_arrows(unusual.rename({"first_day": "week"}))] if len(unusual) else [])]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT)


def _arrows(unusual: pl.DataFrame) -> alt.Chart:
    up_or_down = alt.Scale(domain=["higher", "lower"], range=["triangle-up", "triangle-down"])
    trend = pl.col("tasks_completed_trend")
    marked = unusual.with_columns(
        said=trend.replace_strict({name: _(text) for name, text in TREND_WORDS.items()}, return_dtype=pl.String)
    )
    return (
        alt.Chart(marked)
        .mark_point(color=ACCENT, filled=True, opacity=1, size=70, yOffset=-9)
        .encode(
            x=alt.X("yearmonthdate(week):O"),
            y="tasks_completed:Q",
            shape=alt.Shape("tasks_completed_trend:N", scale=up_or_down, legend=None),
            tooltip=[
                alt.Tooltip("week:T", title=_("Week of"), format=DATE_FORMAT),
                alt.Tooltip("said:N", title=_("Trend")),
                alt.Tooltip("usual_low:Q", title=_("Usual from"), format=",.0f"),
                alt.Tooltip("usual_high:Q", title=_("to"), format=",.0f"),
            ],
        )
    )


@cached_spec
def year_grid(days: pl.DataFrame) -> alt.Chart:
    """A square a day, a column a week: how many tasks were completed."""
    top = max(float(days.select(pl.col("tasks_completed").max().cast(pl.Float64)).item() or 0), 4)
    return calendar_grid(
        days.select("local_date", "tasks_completed"),
        alt.Color(
            "tasks_completed:Q",
            scale=alt.Scale(type="threshold", domain=[1, top * 0.25, top * 0.5, top * 0.75], range=SHADES),
            legend=None,
        ),
        alt.Tooltip("tasks_completed:Q", title=_("Completed")),
    )


@cached_spec
def weekday_bars(days: pl.DataFrame, column: str, title: str) -> alt.Chart:
    """The mean minutes of each weekday."""
    frame = (
        days.group_by(number=pl.col("local_date").dt.weekday())
        .agg(pl.col(column).mean().round(1).alias("mean"))
        .with_columns(
            weekday=(pl.col("number") - 1).replace_strict(dict(enumerate(weekdays())), return_dtype=pl.String)
        )
    )
    return (
        alt.Chart(frame)
        .mark_bar(color=MAIN, opacity=0.9, cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=alt.X(
                "weekday:O",
                sort=weekdays(),
                title=None,
                axis=alt.Axis(labelAngle=0, ticks=False, domain=False, grid=False),
            ),
            y=alt.Y("mean:Q", title=None, axis=values(labelExpr="datum.label + ' min'")),
            tooltip=[alt.Tooltip("weekday:O", title=_("Weekday")), alt.Tooltip("mean:Q", title=title, format=",.1f")],
        )
        .properties(height=HEIGHT)
    )


@cached_spec
def score_parts(parts: pl.DataFrame) -> alt.Chart:
    """The components of the score: how far each reached, with its weight in the words beside it."""
    return (
        alt.Chart(parts)
        .mark_bar(color=MAIN, opacity=0.9, cornerRadiusEnd=2, height={"band": 0.55})
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=220)),
            x=alt.X(
                "value:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%", tickCount=3, domain=False),
            ),
            tooltip=[
                alt.Tooltip("label:N", title=_("Part")),
                alt.Tooltip("value:Q", title=_("Reached"), format=".0%"),
                alt.Tooltip("weight:Q", title=_("Weight"), format=".0%"),
                alt.Tooltip("meaning:N", title=_("Means")),
            ],
        )
        .properties(height=200)
    )

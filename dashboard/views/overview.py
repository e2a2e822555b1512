"""Overview: a period in a few numbers, compared with the period before."""

from datetime import date, timedelta

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.charts import days as charts
from dashboard.components import layout
from dashboard.components.explanation import explain
from dashboard.components.live_refresh import refreshing
from dashboard.data import lake
from focusflow import locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.metrics import BY_NAME, SCORE_PARTS

YEAR = timedelta(days=364)
MARKS = mark("A line marks a day on which a goal was reached; a ring is today so far, and no part of a mean.")
WEEKS = mark(
    "The dashed line is your median week. Partial weeks are pale. An arrow marks a week above or below your usual range,"
    " which covers 80 % of your earlier weeks."
)


def page() -> None:
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header(_("Overview"), today)
    days, before = lake.with_comparison(span.first, span.last)
    if days.is_empty():
        layout.empty_state(
            _("No numbers for this range. Add a task, start a timer or log a habit, and they appear within seconds.")
        )
        refreshing()
        return
    _numbers(days, before, today)
    _score(days, today)
    _year(today)
    left, right = st.columns(2, gap="large")
    with left:
        layout.section_header(_("Completed per week"), _(WEEKS))
        unusual = lake.query("unusual_weeks", first=span.first, last=span.last)
        layout.chart(charts.week_bars(days, unusual), _("Tasks completed per week, with the median week as a line."))
    with right:
        layout.section_header(_("Focus by weekday"), _(BY_NAME["focus_minutes"].meaning))
        layout.chart(
            charts.weekday_bars(_over(days, today), "focus_minutes", _("Minutes a day")),
            _("Mean focus minutes per weekday."),
        )
    layout.footer(days, span, "days")
    explain(span)
    refreshing()


def _over(days: pl.DataFrame, today: date) -> pl.DataFrame:
    """The days that are over: today is no part of a mean."""
    return days.filter(pl.col("local_date") < today)


def _numbers(days: pl.DataFrame, before: pl.DataFrame, today: date) -> None:
    comparable = before if len(before) == len(days) else before.clear()
    cards = [
        ("tasks_completed", _sum, formatting.number, "number"),
        ("tasks_completed_on_time", _on_time, formatting.percent, "percent"),
        ("focus_minutes", _sum, duration, "minutes"),
        ("productivity_score", _mean, formatting.number, "points"),
    ]
    with layout.card_grid(4):
        for metric, reduce, show, how in cards:
            now, then = reduce(_over(days, today) if reduce is _mean else days, metric), reduce(comparable, metric)
            layout.metric(metric, show(now), formatting.against_before(now, then, how))


def _sum(days: pl.DataFrame, column: str) -> float | None:
    return lake.total(days, column) if len(days) else None


def _mean(days: pl.DataFrame, column: str) -> float | None:
    mean = days[column].mean()
    return float(mean) if isinstance(mean, float) else None


def _on_time(days: pl.DataFrame, column: str) -> float | None:
    with_due = lake.total(days, "tasks_completed_with_due")
    return lake.total(days, column) / with_due if with_due else None


def _score(days: pl.DataFrame, today: date) -> None:
    ever, over = lake.days(today - YEAR, today), _over(days, today)
    is_new = ever["productivity_score"].is_not_null().any() and _over(ever, today)["productivity_score"].is_null().all()
    left, right = st.columns([3, 2], gap="large")
    with left:
        layout.section_header(
            _("Productivity score"),
            f"{_(BY_NAME['productivity_score'].meaning)} {_(MARKS)}",
        )
        if is_new:
            st.caption(_("Your productivity score begins with your first finished day."))
        elif days["productivity_score"].is_null().all():
            st.info(
                _("No day of this range has a score: they were days off, or there was nothing to judge by yet."),
                icon=":material/beach_access:",
            )
        else:
            layout.chart(charts.score_line(days, today), _("Productivity score per day with its 7-day mean."))
    if is_new:
        return
    with right:
        layout.section_header(
            _("Parts of the score"), _("The mean of each part over the finished days of the range, where it applies.")
        )
        frame = pl.DataFrame(
            [
                {
                    "label": f"{_(part.label)} ({locales.percent(part.weight)})",
                    "value": over[part.column].mean(),
                    "weight": part.weight,
                    "meaning": _(part.meaning),
                }
                for part in SCORE_PARTS
            ],
            schema={"label": pl.String, "value": pl.Float64, "weight": pl.Float64, "meaning": pl.String},
        ).drop_nulls("value")
        layout.chart(charts.score_parts(frame), _("Each part of the score in percent."))


def _whole(year: pl.DataFrame, today: date) -> pl.DataFrame:
    """All days of a year, also those before somebody began: so they see how it fills."""
    every = pl.DataFrame({"local_date": pl.date_range(today - YEAR, today, "1d", eager=True)})
    counted = every.join(
        year.select("local_date", "tasks_completed"), on="local_date", how="left", maintain_order="left"
    )
    return counted.with_columns(pl.col("tasks_completed").fill_null(0))


def _year(today: date) -> None:
    layout.section_header(
        _("The year"),
        f"{_(BY_NAME['tasks_completed'].meaning)} {_('The stronger its color, the more on that day.')}",
    )
    year = lake.days(today - YEAR, today)
    if year.is_empty():
        return
    layout.chart(charts.year_grid(_whole(year, today)), _("Tasks completed per day, one column per week."))
    best = year.sort("tasks_completed", descending=True).row(0, named=True)
    if best["tasks_completed"]:
        total = ngettext("{n} task completed", "{n} tasks completed", lake.total(year, "tasks_completed"))
        most, day = best["tasks_completed"], locales.whole_day(best["local_date"])
        st.caption(_("{total}; the most on one day were {most}, on {day}.", total=total, most=most, day=day))

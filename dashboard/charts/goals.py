"""How goals come along."""

from datetime import date, timedelta

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import ACCENT, DATES, DAY, MAIN, values

ONE_DAY, LEAST_AHEAD = timedelta(days=1), timedelta(days=60)


@cached_spec
def pace(days: pl.DataFrame) -> alt.LayerChart:
    """Progress as a line over the even pace to the date, which is dashed, and the band in which it is likely to go on."""
    base = alt.Chart(days).encode(
        x=alt.X("local_date:T", axis=DATES),
        tooltip=[
            DAY,
            alt.Tooltip("progress:Q", title="Progress", format=".0f"),
            alt.Tooltip("expected_progress:Q", title="Even pace", format=".0f"),
        ],
    )
    scale, axis = alt.Scale(domain=[0, 100]), values(tickCount=3, labelExpr="datum.value + '%'")
    even = (
        alt.Chart(_even(days))
        .mark_line(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x=alt.X("local_date:T", axis=DATES), y=alt.Y("expected_progress:Q", title=None, scale=scale, axis=axis))
    )
    made = base.mark_line(color=MAIN, strokeWidth=2.5, interpolate="step-after").encode(
        y=alt.Y("progress:Q", title=None, scale=scale, axis=axis)
    )
    return alt.LayerChart(layer=[*_band(days), even, made]).properties(height=140)


def _until(days: pl.DataFrame) -> date:
    """Where the chart ends: as far ahead as it goes back."""
    first, today = days["local_date"][0], days["local_date"][-1]
    return today + max(today - first, LEAST_AHEAD)


def _even(days: pl.DataFrame) -> pl.DataFrame:
    """The even pace of the days that were, and on to the goal's date."""
    pace = days.select("local_date", "expected_progress")
    today, expected, target = days.select("local_date", "expected_progress", "target_date").row(-1)
    if expected is None or target is None or target <= today:
        return pace
    end = min(target, _until(days))
    risen = expected + (100 - expected) * ((end - today) / (target - today))
    return pl.concat([pace, pl.DataFrame([(end, risen)], schema=pace.schema, orient="row")])


def _band(days: pl.DataFrame) -> list[alt.Chart]:
    """From the last day on, eight times in ten within these lines to when it is reached; cut off where it would leave the past too narrow."""
    last = days.row(-1, named=True)
    today, start, early, late = (last[name] for name in ("local_date", "progress", "forecast_p10", "forecast_p90"))
    until = _until(days)

    def risen(day: date, end: date | None) -> float:
        return start if end is None else start + (100 - start) * min((day - today) / max(end - today, ONE_DAY), 1)

    if early is None:
        return []
    corners = {today, min(early, until), min(late or until, until)}
    band = pl.DataFrame(
        [(day, risen(day, late), risen(day, early)) for day in sorted(corners)],
        schema={"local_date": pl.Date, "low": pl.Float64, "high": pl.Float64},
        orient="row",
    )
    area = alt.Chart(band).mark_area(color=MAIN, opacity=0.18)
    return [area.encode(x=alt.X("local_date:T", axis=DATES), y=alt.Y("low:Q", title=None), y2="high:Q")]

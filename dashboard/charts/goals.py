"""How goals come along."""

from datetime import date, timedelta

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import ACCENT, DATES, MAIN, day_tooltip, label, nearest_day, values
from focusflow.i18n import gettext as _

ONE_DAY, LEAST_AHEAD = timedelta(days=1), timedelta(days=60)
X = alt.X("local_date:T", axis=DATES)


@cached_spec
def pace(days: pl.DataFrame, whole: float = 100, unit: str = "%") -> alt.LayerChart:
    """Progress as a line over the even pace to the date, which is dashed, and the band in which it is likely to go on. `whole` is what is to
    be reached, in the goal's own unit.
    """
    days = days.with_columns(
        reached=pl.col("progress") * whole / 100,
        even=pl.col("expected_progress") * whole / 100,
    )
    y = alt.Y(
        "reached:Q",
        title=None,
        scale=alt.Scale(domain=[0, whole], nice=False),
        axis=values(
            values=[0, whole / 2, whole], labelExpr=f"format(datum.value, ',~r') + '{'%' if unit == '%' else ''}'"
        ),
    )
    made = alt.Chart(days).mark_line(color=MAIN, strokeWidth=2.5, interpolate="step-after").encode(X, y)
    even = _even(days, whole)
    dashed = alt.Chart(even).mark_line(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.5)
    band, edge = _band(days, whole)
    tooltip = [
        day_tooltip(),
        alt.Tooltip("reached:Q", title=f"{_('Progress')}{_of(unit)}", format=",.4~r"),
        alt.Tooltip("even:Q", title=f"{_('Even pace')}{_of(unit)}", format=",.4~r"),
    ]
    layers = [
        *band,
        dashed.encode(X, alt.Y("even:Q", title=None)),
        made,
        *edge,
        label(
            even.head(1).select("local_date", value="even", said=pl.lit(_("even pace"))),
            align="left",
            is_under=days["reached"][0] > (days["even"][0] or whole),
        ),
        *nearest_day(days, tooltip, "reached"),
    ]
    return alt.LayerChart(layer=layers).properties(height=160)


def _of(unit: str) -> str:
    return f" ({unit.strip()})" if unit.strip() else ""


def _until(days: pl.DataFrame) -> date:
    """Where the chart ends: as far ahead as it goes back."""
    first, today = days["local_date"][0], days["local_date"][-1]
    return today + max(today - first, LEAST_AHEAD)


def _even(days: pl.DataFrame, whole: float) -> pl.DataFrame:
    """The even pace of the days that were, and on to the goal's date."""
    pace = days.select("local_date", "even")
    today, even, target = days.select("local_date", "even", "target_date").row(-1)
    if even is None or target is None or target <= today:
        return pace
    end = min(target, _until(days))
    risen = even + (whole - even) * ((end - today) / (target - today))
    return pl.concat([pace, pl.DataFrame([(end, risen)], schema=pace.schema, orient="row")])


def _band(days: pl.DataFrame, whole: float) -> tuple[list[alt.Chart], list[alt.Chart]]:
    """From the last day on, eight times in ten within these lines to when it is reached; cut off where it would leave the past too narrow."""
    last = days.row(-1, named=True)
    today, start, early, late = (last[name] for name in ("local_date", "reached", "forecast_p10", "forecast_p90"))
    until = _until(days)

    def risen(day: date, end: date | None) -> float:
        return float(
            start if end is None else start + (whole - start) * min((day - today) / max(end - today, ONE_DAY), 1)
        )

    if early is None:
        return [], []
    corners = sorted({today, min(early, until), min(late or until, until)})
    band = pl.DataFrame(
        [(day, risen(day, late), risen(day, early)) for day in corners],
        schema={"local_date": pl.Date, "low": pl.Float64, "high": pl.Float64},
        orient="row",
    )
    area = alt.Chart(band).mark_area(color=MAIN, opacity=0.18).encode(X, alt.Y("low:Q", title=None), y2="high:Q")
    name = band.tail(1).select("local_date", value="low", said=pl.lit(_("likely, 8 in 10")))
    return [area], [label(name, align="right", is_under=True)]

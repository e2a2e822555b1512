"""The grid of days that several pages draw: a square per day, a column per week."""

import altair as alt
import polars as pl

from dashboard.charts.style import FULL_FORMAT, weekdays
from focusflow.i18n import gettext as _


def calendar_grid(days: pl.DataFrame, color: alt.Color, value: alt.Tooltip) -> alt.Chart:
    """Days by week and weekday, colored by one of their columns."""
    frame = days.with_columns(
        week=pl.col("local_date").dt.truncate("1w"),
        weekday=(pl.col("local_date").dt.weekday() - 1).replace_strict(
            dict(enumerate(weekdays())), return_dtype=pl.String
        ),
    )
    return (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=2)
        .encode(
            x=alt.X(
                "yearmonthdate(week):O",
                title=None,
                axis=alt.Axis(
                    labelExpr="date(datum.value) <= 7 ? timeFormat(datum.value, '%b') : ''",
                    ticks=False,
                    domain=False,
                    labelAngle=0,
                    labelOverlap="parity",
                    labelSeparation=6,
                    grid=False,
                ),
            ),
            y=alt.Y(
                "weekday:O",
                sort=weekdays(),
                title=None,
                axis=alt.Axis(ticks=False, domain=False, values=weekdays()[::2]),
            ),
            color=color,
            tooltip=[alt.Tooltip("local_date:T", title=_("Day"), format=FULL_FORMAT), value],
        )
        .properties(height=150)
    )

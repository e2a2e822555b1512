"""Habits as grids of days."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import MAIN, QUIET, WEEKDAYS

STATES = {"done": MAIN, "skipped": f"{QUIET}99", "not done": f"{QUIET}30", "not due": f"{QUIET}10"}


@cached_spec
def grid(days: pl.DataFrame) -> alt.Chart:
    """A square a day, a column a week."""
    frame = days.with_columns(
        week=pl.col("local_date").dt.truncate("1w"),
        weekday=(pl.col("local_date").dt.weekday() - 1).replace_strict(
            dict(enumerate(WEEKDAYS)), return_dtype=pl.String
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
                    ticks=False, domain=False, labelAngle=0, labelOverlap="parity", labelSeparation=6, grid=False,
                ),
            ),
            y=alt.Y("weekday:O", sort=WEEKDAYS, title=None, axis=alt.Axis(ticks=False, domain=False, values=["Mon", "Wed", "Fri", "Sun"])),
            color=alt.Color("state:N", scale=alt.Scale(domain=list(STATES), range=list(STATES.values())), legend=None),
            tooltip=[
                alt.Tooltip("local_date:T", title="Day", format="%A, %-d %B %Y"),
                alt.Tooltip("state:N", title="Was"),
            ],
        )
        .properties(height=150)
    )  # fmt: skip

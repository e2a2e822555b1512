"""Habits as grids of days."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.grids import calendar_grid
from dashboard.charts.style import LABEL, MAIN, QUIET

STATES = {
    "done": MAIN,
    "excused": f"{QUIET}66",
    "missed": f"{QUIET}26",
    "day off": f"{QUIET}66",
    "open": "transparent",
    "not due": "transparent",
}
#: On the square, for those who do not see its color.
MARKS = {"excused": "–", "day off": "–", "missed": "×", "open": "○"}


@cached_spec
def grid(days: pl.DataFrame) -> alt.LayerChart:
    """A square a day, a column a week, with a mark on those that were not done."""
    scale = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    squares = calendar_grid(
        days, alt.Color("state:N", scale=scale, legend=None), alt.Tooltip("state:N", title="Status")
    )
    marked = squares.mark_text(color=LABEL, fontSize=11).encode(
        color=alt.value(LABEL), text="mark:N", opacity=alt.value(1)
    )
    marked.data = squares.data.with_columns(mark=pl.col("state").replace_strict(MARKS, default=""))
    return alt.LayerChart(layer=[squares, marked]).properties(height=squares.height)

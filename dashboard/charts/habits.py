"""Habits as grids of days."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.grids import calendar_grid
from dashboard.charts.style import MAIN, QUIET

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
    marked = squares.data.with_columns(mark=pl.col("state").replace_strict(MARKS, default=""))
    place = squares.encoding
    marks = alt.Chart(marked).mark_text(fontSize=11).encode(x=place.x, y=place.y, tooltip=place.tooltip, text="mark:N")
    return alt.LayerChart(layer=[squares, marks]).properties(height=squares.height)

"""Habits as grids of days."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.grids import calendar_grid
from dashboard.charts.style import MAIN, QUIET
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

STATES = {
    "done": MAIN,
    "excused": f"{QUIET}66",
    "missed": f"{QUIET}26",
    "day off": f"{QUIET}66",
    "open": "transparent",
    "not due": "transparent",
}
STATE_NAMES = {
    "done": mark("done"),
    "excused": mark("excused"),
    "missed": mark("missed"),
    "day off": mark("a day off"),
    "open": mark("open"),
    "not due": mark("not due"),
}
#: On the square, for those who do not see its color.
MARKS = {"excused": "–", "day off": "–", "missed": "×", "open": "○"}


@cached_spec
def grid(days: pl.DataFrame) -> alt.LayerChart:
    """A square a day, a column a week, with a mark on those that were not done."""
    scale = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    names = {state: _(STATE_NAMES[state]) for state in STATES}
    squares = calendar_grid(
        days.with_columns(status=pl.col("state").replace_strict(names, return_dtype=pl.String)),
        alt.Color("state:N", scale=scale, legend=None),
        alt.Tooltip("status:N", title=_("Status")),
    )
    marked = squares.data.with_columns(mark=pl.col("state").replace_strict(MARKS, default=""))
    place = squares.encoding
    marks = alt.Chart(marked).mark_text(fontSize=11).encode(x=place.x, y=place.y, tooltip=place.tooltip, text="mark:N")
    return alt.LayerChart(layer=[squares, marks]).properties(height=squares.height)

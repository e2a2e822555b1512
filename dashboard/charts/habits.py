"""Habits as grids of days."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.grids import calendar_grid
from dashboard.charts.style import MAIN, QUIET

STATES = {"done": MAIN, "skipped": f"{QUIET}99", "not done": f"{QUIET}30", "not due": f"{QUIET}10"}


@cached_spec
def grid(days: pl.DataFrame) -> alt.Chart:
    """A square a day, a column a week."""
    scale = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    return calendar_grid(days, alt.Color("state:N", scale=scale, legend=None), alt.Tooltip("state:N", title="Was"))

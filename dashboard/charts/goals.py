"""How goals come along."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import drawn
from dashboard.charts.style import ACCENT, DATES, DAY, MAIN, values


@drawn
def pace(days: pl.DataFrame) -> alt.LayerChart:
    """Progress as a line over the even pace to the date, which is dashed."""
    base = alt.Chart(days).encode(
        x=alt.X("local_date:T", axis=DATES),
        tooltip=[
            DAY,
            alt.Tooltip("progress:Q", title="Progress", format=".0f"),
            alt.Tooltip("expected_progress:Q", title="Even pace", format=".0f"),
        ],
    )
    scale, axis = alt.Scale(domain=[0, 100]), values(tickCount=3, labelExpr="datum.value + '%'")
    even = base.mark_line(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.5).encode(
        y=alt.Y("expected_progress:Q", title=None, scale=scale, axis=axis)
    )
    made = base.mark_line(color=MAIN, strokeWidth=2.5, interpolate="step-after").encode(
        y=alt.Y("progress:Q", title=None, scale=scale, axis=axis)
    )
    return (even + made).properties(height=140)

"""Weeks against one's own usual."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import DATE_FORMAT, DATES, MAIN, QUIET, values
from focusflow.i18n import gettext as _


@cached_spec
def against_usual(weeks: pl.DataFrame, column: str) -> alt.LayerChart:
    """The weeks as a line, over the usual range of each as a quiet band."""
    frame = weeks.select("first_day", now=column, low=f"{column}_usual_low", high=f"{column}_usual_high")
    base = alt.Chart(frame).encode(x=alt.X("first_day:T", axis=DATES))
    band = base.mark_area(color=QUIET, opacity=0.2, interpolate="monotone").encode(
        y=alt.Y("low:Q", title=None, axis=values()), y2="high:Q"
    )
    line = base.mark_line(color=MAIN, strokeWidth=2.5, point=alt.OverlayMarkDef(color=MAIN, size=40)).encode(
        y=alt.Y("now:Q", title=None),
        tooltip=[
            alt.Tooltip("first_day:T", title=_("Week of"), format=DATE_FORMAT),
            alt.Tooltip("now:Q", title=_("Value"), format=",.0f"),
            alt.Tooltip("low:Q", title=_("Usual from"), format=",.0f"),
            alt.Tooltip("high:Q", title=_("to"), format=",.0f"),
        ],
    )
    return (band + line).properties(height=180)

"""What all charts have in common: colours that hold on light and dark and for colour-blind readers, and quiet axes."""

from typing import Any

import altair as alt

HEIGHT = 240
MAIN, ACCENT, OTHER, QUIET = "#1f8a7f", "#cf7a2d", "#5b8fd0", "#8b95a1"
#: A legend right over its chart, and no room under the dates: Streamlit leaves some 20 pixels of each.
LEGEND, CLOSE = {"padding": 0, "offset": 8}, {"top": 4, "bottom": 4}
ON_DARK = {"legend": LEGEND}
#: On a light ground, Streamlit's own grey of what is written on an axis is too pale to be read well.
ON_LIGHT = {
    "axis": {"labelColor": "#5a6270", "titleColor": "#5a6270"},
    "legend": LEGEND | {"labelColor": "#5a6270"},
}
#: None, then stronger on either ground.
SHADES = ["#8b95a126", *(f"{MAIN}{share}" for share in ("55", "90", "c8", "ff"))]
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
LABEL_WIDTH = 150

DATES = alt.Axis(title=None, format="%-d %b", grid=False, labelOverlap=True, tickCount=8, domain=False)
BARE = alt.Axis(title=None, labelAngle=0, labelFlush=False, ticks=False, domain=False, grid=False, labelOverlap=True)
WEEKS = alt.Axis(title=None, format="%-d %b", labelAngle=0, ticks=False, domain=False, grid=False, labelOverlap=True)
NAMES = alt.Axis(title=None, labelFlush=False, ticks=False, domain=False, grid=False, labelLimit=LABEL_WIDTH)
DAY = alt.Tooltip("local_date:T", title="Day", format="%A, %-d %B %Y")


def values(**more: Any) -> alt.Axis:
    """The axis of a quantity."""
    return alt.Axis(title=None, domain=False, **{"tickCount": 4, "format": ",~r", **more})

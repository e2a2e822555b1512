"""What all charts have in common: colours that hold on light and dark and for colour-blind readers, and quiet axes."""

import re
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import polars as pl

from focusflow import locales
from focusflow.i18n import gettext as _

HEIGHT = 240
MAIN, ACCENT, OTHER, QUIET = "#1f8a7f", "#cf7a2d", "#5b8fd0", "#8b95a1"
#: A legend right over its chart, and no room under the dates: Streamlit leaves some 20 pixels of each.
LEGEND, CLOSE = {"padding": 0, "offset": 8}, {"top": 4, "bottom": 4}
#: A chart is said in a sentence: a screen reader does not have to go through its points.
MARKS = {"aria": False}
ON_DARK = {"legend": LEGEND, "mark": MARKS, "text": {"fill": "#a4adb6"}}
#: On a light ground, Streamlit's own grey of what is written on an axis is too pale to be read well.
ON_LIGHT = {
    "axis": {"labelColor": "#5a6270", "titleColor": "#5a6270"},
    "legend": LEGEND | {"labelColor": "#5a6270"},
    "mark": MARKS,
    "text": {"fill": "#5a6270"},
}
#: None, then stronger on either ground.
SHADES = ["#8b95a126", *(f"{MAIN}{share}" for share in ("55", "90", "c8", "ff"))]
LABEL_WIDTH = 150

#: Formats of dates, which `vega_locale` defines: a day on an axis, a date, and a date with its weekday.
DAY_FORMAT, DATE_FORMAT, FULL_FORMAT = "%x", "%c", "%X"
DATES = alt.Axis(title=None, format=DAY_FORMAT, grid=False, labelOverlap=True, tickCount=8, domain=False)
BARE = alt.Axis(title=None, labelAngle=0, labelFlush=False, ticks=False, domain=False, grid=False, labelOverlap=True)
WEEKS = alt.Axis(title=None, format=DAY_FORMAT, labelAngle=0, ticks=False, domain=False, grid=False, labelOverlap=True)
NAMES = alt.Axis(title=None, labelFlush=False, ticks=False, domain=False, grid=False, labelLimit=LABEL_WIDTH)


def weekdays() -> list[str]:
    """Their short names, Monday first."""
    return [locales.weekday_name(day, width="abbreviated") for day in range(7)]


def day_tooltip() -> alt.Tooltip:
    return alt.Tooltip("local_date:T", title=_("Day"), format=FULL_FORMAT)


FIELDS = {"y": "%Y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d", "EEEE": "%A"}
PIECES = re.compile(r"'[^']*'|([A-Za-z])\1*|[^A-Za-z']+")


def _strftime(pattern: object) -> str:
    """A pattern of Babel as Vega writes it.

    >>> _strftime("EEEE, d 'de' MMMM 'de' y"), _strftime("d. MMM")
    ('%A, %-d de %B de %Y', '%-d. %b')
    """
    return "".join(FIELDS.get(piece[0], piece[0].strip("'")) for piece in PIECES.finditer(str(pattern)))


@lru_cache
def vega_locale(name: str) -> dict[str, Any]:
    """Names of days and months, and the signs of numbers, as Vega takes them.

    >>> vega_locale("de")["number"]["decimal"], vega_locale("fr")["time"]["days"][0]
    (',', 'dimanche')
    """
    here = locales.locale_of(name)
    sunday_first = (6, 0, 1, 2, 3, 4, 5)
    symbols = here.number_symbols["latn"]
    return {
        "number": {"decimal": symbols["decimal"], "thousands": symbols["group"], "grouping": [3], "currency": ["", ""]},
        "time": {
            "date": _strftime(here.datetime_skeletons["MMMd"]), "dateTime": _strftime(here.date_formats["long"]),
            "time": _strftime(here.date_formats["full"]), "periods": ["AM", "PM"],
            "days": [here.days["stand-alone"]["wide"][day] for day in sunday_first],
            "shortDays": [here.days["stand-alone"]["abbreviated"][day] for day in sunday_first],
            "months": [here.months["format"]["wide"][month] for month in range(1, 13)],
            "shortMonths": [here.months["format"]["abbreviated"][month] for month in range(1, 13)],
        },
    }  # fmt: skip


def values(**more: Any) -> alt.Axis:
    """The axis of a quantity."""
    return alt.Axis(title=None, domain=False, **{"tickCount": 4, "format": ",~r", **more})


def label(ends: pl.DataFrame, *, align: Literal["left", "right"], is_under: bool = False) -> alt.Chart:
    """What a line or band is called (`said`), over or under a point of it (`local_date`, `value`)."""
    return (
        alt.Chart(ends)
        .mark_text(align=align, dx=-2 if align == "right" else 2, dy=10 if is_under else -8)
        .encode(x=alt.X("local_date:T"), y=alt.Y("value:Q", title=None), text="said:N")
    )


def nearest_day(days: pl.DataFrame, tooltip: list[alt.Tooltip], column: str) -> list[alt.Chart]:
    """A tooltip for the day nearest to the pointer, wherever it is, and a dot on the line there."""
    name = f"nearest_{column}"
    nearest = alt.selection_point(name=name, nearest=True, on="pointerover", fields=["local_date"], empty=False)
    base = alt.Chart(days).encode(x=alt.X("local_date:T"), y=alt.Y(f"{column}:Q", title=None), tooltip=tooltip)
    dot = base.mark_point(color=MAIN, filled=True, size=50).encode(
        opacity=alt.condition(nearest, alt.value(1), alt.value(0))
    )
    return [dot.add_params(nearest)]

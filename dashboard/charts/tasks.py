"""How tasks come and go: flow, what is open, how long things take, and what estimates are worth."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import ACCENT, DATE_FORMAT, DATES, HEIGHT, MAIN, NAMES, QUIET, WEEKS, day_tooltip, values
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

FLOW = {mark("Created"): QUIET, mark("Completed"): MAIN}


@cached_spec
def flow_bars(days: pl.DataFrame) -> alt.Chart:
    """Created beside completed, a pair a week."""
    names = {name: _(name) for name in FLOW}
    weeks = (
        days.group_by(week=pl.col("local_date").dt.truncate("1w"))
        .agg(Created=pl.col("created").sum(), Completed=pl.col("completed").sum())
        .sort("week")
        .unpivot(index="week", variable_name="what", value_name="tasks")
        .with_columns(pl.col("what").replace_strict(names, return_dtype=pl.String))
    )
    return (
        alt.Chart(weeks)
        .mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=alt.X("yearmonthdate(week):O", title=None, axis=WEEKS),
            xOffset=alt.XOffset("what:N", sort=list(names.values())),
            y=alt.Y("tasks:Q", title=None, axis=values(tickMinStep=1)),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=list(names.values()), range=list(FLOW.values())),
                legend=alt.Legend(title=None, orient="top", direction="horizontal"),
            ),
            tooltip=[
                alt.Tooltip("week:T", title=_("Week of"), format=DATE_FORMAT),
                alt.Tooltip("what:N", title=_("Tasks")),
                alt.Tooltip("tasks:Q", title=_("How many")),
            ],
        )
        .properties(height=HEIGHT)
    )


@cached_spec
def open_area(days: pl.DataFrame) -> alt.LayerChart:
    """What was open at the end of each day, and how much of it was overdue."""
    base = alt.Chart(days).encode(
        x=alt.X("local_date:T", axis=DATES),
        tooltip=[day_tooltip(), alt.Tooltip("open:Q", title=_("Open")), alt.Tooltip("overdue:Q", title=_("Overdue"))],
    )
    y = values(tickMinStep=1)
    opened = base.mark_area(color=QUIET, opacity=0.25, interpolate="step-after", line={"color": QUIET}).encode(
        y=alt.Y("open:Q", title=None, axis=y)
    )
    overdue = base.mark_area(color=ACCENT, opacity=0.55, interpolate="step-after").encode(y=alt.Y("overdue:Q", axis=y))
    return (opened + overdue).properties(height=HEIGHT)


#: Ends of the classes, in hours, and how one says them.
LEAD = (
    (1, mark("under an hour")), (24, mark("under a day")), (72, mark("1 to 3 days")), (168, mark("3 to 7 days")), (720, mark("1 to 4 weeks")),
    (float("inf"), mark("longer")),
)  # fmt: skip


@cached_spec
def lead_bars(tasks: pl.DataFrame) -> alt.Chart:
    """How long tasks took from being written down to being done, in the classes that people use."""
    labels = [_(label) for _end, label in LEAD]
    classed = tasks.drop_nulls("lead_hours").with_columns(
        took=pl.col("lead_hours").bin_intervals([end for end, _label in LEAD[:-1]], labels=labels).cast(pl.String)
    )
    counted = pl.DataFrame({"took": labels}).join(classed.group_by("took").len("tasks"), on="took", how="left")
    return (
        alt.Chart(counted.with_columns(pl.col("tasks").fill_null(0)))
        .mark_bar(color=MAIN, opacity=0.9, cornerRadiusEnd=2, height={"band": 0.6})
        .encode(
            y=alt.Y("took:N", sort=labels, title=None, axis=NAMES),
            x=alt.X("tasks:Q", title=None, axis=values(tickMinStep=1)),
            tooltip=[alt.Tooltip("took:N", title=_("Took")), alt.Tooltip("tasks:Q", title=_("Tasks"))],
        )
        .properties(height=HEIGHT)
    )


@cached_spec
def estimate_ranges(estimates: pl.DataFrame) -> alt.LayerChart:
    """What an hour of an estimate turns out to be: the middle as a dot, eight of ten tasks as a line, an hour as the rule."""
    base = alt.Chart(estimates).encode(
        y=alt.Y("category:N", sort=None, title=None, axis=NAMES),
        tooltip=[
            alt.Tooltip("category:N", title=_("Category")),
            alt.Tooltip("tasks:Q", title=_("Tasks")),
            alt.Tooltip("said:N", title=_("An hour takes")),
        ],
    )
    line = base.mark_rule(color=MAIN, strokeWidth=5, opacity=0.35, strokeCap="round").encode(
        x=alt.X("factor_low:Q", title=None, axis=values(labelExpr="datum.value + ' h'"), scale=alt.Scale(zero=True)),
        x2="factor_high:Q",
    )
    dot = base.mark_circle(color=MAIN, size=110, opacity=1).encode(x="factor:Q")
    hour = (
        alt.Chart(pl.DataFrame({"hour": [1.0]}))
        .mark_rule(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="hour:Q")
    )
    return (line + dot + hour).properties(height=alt.Step(34))

"""The product as a whole: who comes, who comes back, how far they come, and what they use."""

import altair as alt
import polars as pl

from dashboard.charts.drawing import cached_spec
from dashboard.charts.style import DATE_FORMAT, DATES, HEIGHT, MAIN, NAMES, OTHER, QUIET, SHADES, day_tooltip, values
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

USERS = {mark("a day"): QUIET, mark("in 7 days"): OTHER, mark("in 30 days"): MAIN}


@cached_spec
def active_lines(days: pl.DataFrame) -> alt.Chart:
    """Active users a day, in seven days and in thirty."""
    names = [_(name) for name in USERS]
    frame = days.rename(dict(zip(("dau", "wau", "mau"), names, strict=True))).unpivot(
        names, index="local_date", variable_name="span", value_name="people"
    )
    is_daily = alt.datum.span == names[0]
    return (
        alt.Chart(frame)
        .mark_line()
        .encode(
            x=alt.X("local_date:T", axis=DATES),
            y=alt.Y("people:Q", title=None, axis=values(tickMinStep=1)),
            color=alt.Color(
                "span:N",
                scale=alt.Scale(domain=names, range=list(USERS.values())),
                legend=alt.Legend(title=None, orient="top", direction="horizontal"),
            ),
            strokeWidth=alt.condition(is_daily, alt.value(1), alt.value(2.5)),
            opacity=alt.condition(is_daily, alt.value(0.6), alt.value(1)),
            tooltip=[
                day_tooltip(),
                alt.Tooltip("span:N", title=_("Active")),
                alt.Tooltip("people:Q", title=_("People")),
            ],
        )
        .properties(height=HEIGHT)
    )


@cached_spec
def retention_grid(cohorts: pl.DataFrame) -> alt.Chart:
    """A row a cohort, a column a week since: the share that did something. What cannot be known yet is blank."""
    return (
        alt.Chart(cohorts)
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=2)
        .encode(
            x=alt.X("weeks_since:O", title=_("Weeks since the first event"), axis=alt.Axis(labelAngle=0, ticks=False, domain=False, grid=False, labelOverlap=True)),
            y=alt.Y("yearmonthdate(cohort_week):O", title=None, axis=alt.Axis(format=DATE_FORMAT, ticks=False, domain=False, grid=False)),
            color=alt.Color("share:Q", scale=alt.Scale(type="threshold", domain=[0.01, 0.25, 0.5, 0.75], range=SHADES), legend=None),
            tooltip=[
                alt.Tooltip("cohort_week:T", title=_("First week"), format=DATE_FORMAT),
                alt.Tooltip("weeks_since:Q", title=_("Weeks since")),
                alt.Tooltip("share:Q", title=_("Returned"), format=".0%"),
                alt.Tooltip("users:Q", title=_("People")),
                alt.Tooltip("cohort:Q", title=_("of")),
            ],
        )
        .properties(height=alt.Step(26))
    )  # fmt: skip


@cached_spec
def uplift_band(months: pl.DataFrame) -> alt.LayerChart:
    """The mean change month by month, over its interval. At the dashed line nothing has changed."""
    base = alt.Chart(months).encode(
        x=alt.X("month:T", axis=DATES),
        tooltip=[
            alt.Tooltip("month:T", title=_("Month"), format="%B %Y"),
            alt.Tooltip("mean_change:Q", title=_("Change, tasks a week"), format="+.1f"),
            alt.Tooltip("mean_change_low:Q", title=_("from"), format="+.1f"),
            alt.Tooltip("mean_change_high:Q", title=_("to"), format="+.1f"),
            alt.Tooltip("users:Q", title=_("People")),
        ],
    )
    band = base.mark_area(color=MAIN, opacity=0.18).encode(
        y=alt.Y("mean_change_low:Q", title=None, axis=values(format="+")), y2="mean_change_high:Q"
    )
    line = base.mark_line(color=MAIN, strokeWidth=2.5, point=alt.OverlayMarkDef(color=MAIN, size=40)).encode(
        y=alt.Y("mean_change:Q", title=None)
    )
    none = alt.Chart(pl.DataFrame({"none": [0.0]})).mark_rule(color=QUIET, strokeDash=[5, 4]).encode(y="none:Q")
    return (band + none + line).properties(height=180)


@cached_spec
def shares(frame: pl.DataFrame, name: str, value: str, *, is_share: bool = False) -> alt.Chart:
    """Named amounts as bars, in the order of the frame."""
    return (
        alt.Chart(frame)
        .mark_bar(color=MAIN, opacity=0.9, cornerRadiusEnd=2, height={"band": 0.6})
        .encode(
            y=alt.Y(f"{name}:N", sort=None, title=None, axis=NAMES),
            x=alt.X(
                f"{value}:Q",
                title=None,
                axis=values(format="%") if is_share else values(),
                scale=alt.Scale(domain=[0, 1]) if is_share else alt.Scale(),
            ),
            tooltip=[alt.Tooltip(f"{column}:{'N' if column == name else 'Q'}") for column in frame.columns],
        )
        .properties(height=alt.Step(30))
    )


@cached_spec
def orders(frame: pl.DataFrame) -> alt.LayerChart:
    """Orders beside each other: the figure as a dot, its interval as a line."""
    base = alt.Chart(frame).encode(
        y=alt.Y("order:N", sort=None, title=None, axis=NAMES),
        color=alt.condition("datum.is_model", alt.value(MAIN), alt.value(QUIET)),
        tooltip=[
            alt.Tooltip("order:N", title=_("Order")),
            alt.Tooltip("mean:Q", title="NDCG@5", format=".3f"),
            alt.Tooltip("low:Q", title=_("from"), format=".3f"),
            alt.Tooltip("high:Q", title=_("to"), format=".3f"),
        ],
    )
    line = base.mark_rule(strokeWidth=4, opacity=0.4, strokeCap="round").encode(
        x=alt.X("low:Q", title=None, axis=values(), scale=alt.Scale(zero=True)), x2="high:Q"
    )
    return (line + base.mark_circle(size=100, opacity=1).encode(x="mean:Q")).properties(height=alt.Step(28))


@cached_spec
def reliability(frame: pl.DataFrame) -> alt.LayerChart:
    """Predicted against actual shares. On the diagonal, they are the same."""
    scale = alt.Scale(domain=[0, 1])
    said, came = (alt.Axis(title=name, format="%", domain=False, tickCount=4) for name in (_("predicted"), _("actual")))
    diagonal = (
        alt.Chart(pl.DataFrame({"said": [0.0, 1.0], "came": [0.0, 1.0]}))
        .mark_line(color=QUIET, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x=alt.X("said:Q", scale=scale, axis=said), y=alt.Y("came:Q", scale=scale, axis=came))
    )
    dots = (
        alt.Chart(frame)
        .mark_circle(color=MAIN, size=90, opacity=0.9)
        .encode(
            x=alt.X("said:Q", scale=scale, axis=said),
            y=alt.Y("came:Q", scale=scale, axis=came),
            tooltip=[
                alt.Tooltip("said:Q", title=_("Predicted"), format=".1%"),
                alt.Tooltip("came:Q", title=_("Actual"), format=".1%"),
                alt.Tooltip("tasks:Q", title=_("Tasks"), format=","),
            ],
        )
    )
    return (diagonal + dots).properties(height=HEIGHT + 40)

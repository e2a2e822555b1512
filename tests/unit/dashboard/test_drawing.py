"""Charts: each is one by Vega-Lite's schema, and is made once for the same rows."""

from datetime import date, timedelta
from inspect import unwrap

import altair as alt
import polars as pl
import pytest

from dashboard.charts import days, drawing, goals, habits, product, tasks, time, weeks

DAYS = pl.DataFrame({"local_date": [date(2026, 3, 2) + timedelta(days=n) for n in range(30)]})
NUMBERS = DAYS.with_columns(
    productivity_score=pl.lit(60.0), goals_completed=pl.lit(1), tasks_completed=pl.lit(3), focus_minutes=pl.lit(50.0), created=pl.lit(2),
    completed=pl.lit(1), open=pl.lit(9), overdue=pl.lit(1), progress=pl.lit(30.0), expected_progress=pl.lit(40.0), dau=pl.lit(1), wau=pl.lit(2),
    mau=pl.lit(3), hour_of_day=pl.lit(9), minutes=pl.lit(25.0), kind=pl.lit("focus"), category=pl.lit("Home"), state=pl.lit("done"),
    target_date=pl.lit(date(2026, 4, 30)), forecast_p10=pl.lit(date(2026, 4, 20)), forecast_p90=pl.lit(date(2026, 5, 20)),
)  # fmt: skip
COHORTS = pl.DataFrame(
    {"cohort_week": [date(2026, 3, 2)], "weeks_since": [1], "share": [0.5], "users": [1], "cohort": [2]}
)
WEEKS = pl.DataFrame({"first_day": [date(2026, 3, 2)], "n": [4.0], "n_usual_low": [2.0], "n_usual_high": [6.0]})
UNUSUAL = pl.DataFrame(
    {"first_day": [date(2026, 3, 9)], "tasks_completed": [3], "tasks_completed_trend": ["lower"], "usual_low": [5.0], "usual_high": [9.0]}
)  # fmt: skip
UPLIFT = pl.DataFrame(
    {
        "month": [date(2026, 3, 1)],
        "users": [9],
        "mean_change": [1.0],
        "mean_change_low": [-0.5],
        "mean_change_high": [2.0],
    }
)
ESTIMATES = pl.DataFrame(
    {"category": ["Home"], "tasks": [3], "said": ["a"], "factor": [1.2], "factor_low": [0.5], "factor_high": [2.0]}
)

CHARTS = {
    days.score_line: (NUMBERS,),
    days.week_bars: (NUMBERS, UNUSUAL),
    days.year_grid: (NUMBERS,),
    days.weekday_bars: (NUMBERS, "focus_minutes", "Minutes"),
    days.score_parts: (pl.DataFrame({"label": ["On time"], "value": [0.5], "weight": [0.25], "meaning": ["…"]}),),
    goals.pace: (NUMBERS,),
    habits.grid: (NUMBERS,),
    product.active_lines: (NUMBERS.select("local_date", "dau", "wau", "mau"),),
    product.retention_grid: (COHORTS,),
    product.uplift_band: (UPLIFT,),
    product.shares: (pl.DataFrame({"name": ["a"], "share": [0.5]}), "name", "share"),
    product.orders: (pl.DataFrame({"order": ["a"], "is_model": [True], "mean": [0.5], "low": [0.4], "high": [0.6]}),),
    product.reliability: (pl.DataFrame({"said": [0.5], "came": [0.4], "tasks": [10]}),),
    tasks.flow_bars: (NUMBERS,),
    tasks.open_area: (NUMBERS,),
    tasks.lead_bars: (pl.DataFrame({"lead_hours": [0.5, 30.0]}),),
    tasks.estimate_ranges: (ESTIMATES,),
    time.category_bars: (NUMBERS,),
    time.hour_grid: (NUMBERS, "minutes", "Minutes", 4.0),
    weeks.against_usual: (WEEKS, "n"),
}


@pytest.mark.parametrize(("chart", "given"), [pytest.param(*each, id=each[0].__name__) for each in CHARTS.items()])
def test_a_chart_is_one_by_the_schema_and_brings_its_rows(chart, given):
    spec = drawing.specification(unwrap(chart)(*given), validate=True)
    assert spec["mark" if "mark" in spec else "layer"]
    assert all(isinstance(rows, bytes) for rows in spec["datasets"].values())


@pytest.mark.parametrize(("by_week", "bars"), [(False, 40), (True, 6)])
def test_a_day_without_time_is_a_gap_and_not_left_out(by_week, bars):
    spent = NUMBERS.filter(pl.col("local_date").is_in([date(2026, 3, 3), date(2026, 3, 20)]))
    first = date(2026, 3, 2)
    chart = unwrap(time.kind_bars)(spent, first, first + timedelta(days=39), by_week=by_week)
    assert chart.data["day"].n_unique() == bars
    assert chart.data["hours"].sum() == pytest.approx(50 / 60)


def test_a_week_that_was_less_than_usual_is_marked_and_a_usual_one_is_not():
    usual, unusual = (unwrap(days.week_bars)(NUMBERS, weeks).layer for weeks in (UNUSUAL.clear(), UNUSUAL))
    assert len(unusual) == len(usual) + 1
    assert unusual[-1].data["said"].to_list() == ["less than is usual for you"]


def test_the_score_so_far_is_a_ring_and_moves_no_mean():
    today = date(2026, 3, 31)
    so_far = NUMBERS.with_columns(productivity_score=pl.when(pl.col("local_date") == today).then(5.0).otherwise(60.0))
    chart = unwrap(days.score_line)(so_far, today)
    drawn = [each for each in [chart.data, *(layer.data for layer in chart.layer)] if isinstance(each, pl.DataFrame)]
    over = next(rows for rows in drawn if "mean" in rows.columns)
    assert over["local_date"].max() == today - timedelta(days=1)
    assert set(over["mean"].drop_nulls()) == {60.0}
    of_scores = (rows for rows in drawn if "productivity_score" in rows.columns)
    assert [row for rows in of_scores for row in rows.iter_rows() if today in row] == [(today, 5.0)]


def test_a_chart_is_made_once_for_the_same_rows():
    assert goals.pace(NUMBERS) is goals.pace(NUMBERS.clone())


def test_rows_that_differ_in_one_place_are_another_chart():
    other = NUMBERS.with_columns(pl.when(pl.int_range(30) == 14).then(31.0).otherwise("progress").alias("progress"))
    assert goals.pace(NUMBERS)["datasets"] != goals.pace(other)["datasets"]
    assert days.weekday_bars(NUMBERS, "focus_minutes", "a") != days.weekday_bars(NUMBERS, "focus_minutes", "b")


@pytest.mark.parametrize(
    ("early", "late", "corners"),
    [
        (date(2026, 4, 10), date(2026, 4, 20), [(30, 30), (65, 100), (100, 100)]),
        (date(2026, 4, 10), None, [(30, 30), (30, 100), (30, 100)]),
        (date(2028, 4, 10), date(2030, 1, 1), [(30, 30), (33, 36)]),
    ],
)
def test_the_band_of_a_goal_goes_from_where_it_is_to_when_it_may_be_reached(early, late, corners):
    known = NUMBERS.with_columns(forecast_p10=pl.lit(early, pl.Date), forecast_p90=pl.lit(late, pl.Date))
    band = unwrap(goals.pace)(known).layer[0].data
    assert [(round(low), round(high)) for _, low, high in band.iter_rows()] == corners


@pytest.mark.parametrize(
    ("target", "end"),
    [
        (date(2026, 4, 30), (date(2026, 4, 30), 100)),
        (date(2026, 9, 27), (date(2026, 5, 30), 60)),  # as far as the chart goes
        (date(2026, 3, 31), (date(2026, 3, 31), 40)),
        (None, (date(2026, 3, 31), 40)),
    ],
)
def test_the_even_pace_goes_on_to_the_date_of_the_goal(target, end):
    even = unwrap(goals.pace)(NUMBERS.with_columns(target_date=pl.lit(target, pl.Date))).layer[1].data
    assert even.row(-1) == end


def test_a_goal_without_a_forecast_has_no_interval():
    known = NUMBERS.with_columns(forecast_p10=pl.lit(None, pl.Date), forecast_p90=pl.lit(None, pl.Date))
    chart = unwrap(goals.pace)
    assert len(chart(NUMBERS).layer) - len(chart(known).layer) == 2  # the band and its name


def test_a_goal_with_a_number_is_drawn_in_its_own_unit():
    progress = unwrap(goals.pace)(NUMBERS, 24.0, " books").layer[2]
    assert progress.to_dict()["encoding"]["y"]["scale"]["domain"] == [0, 24.0]
    assert progress.data["reached"].to_list()[-1] == pytest.approx(7.2)


def test_charts_elsewhere_are_not_touched():
    drawing.specification(unwrap(goals.pace)(NUMBERS))
    assert alt.data_transformers.active == "default"

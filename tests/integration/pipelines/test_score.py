"""The productivity score: the examples of its description to the hundredth, and what it promises of every day."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focusflow.lake.session import Scan, Session
from focusflow.lake.tables import duckdb_connection
from pipelines.engine import daily
from pipelines.tables.gold.productivity_daily.inputs import query
from tests.sizes import sized

DIRTY_DAYS = "select 'ada' as user_id, date '2026-03-02' as from_day"
EARLIER_DAYS = """
    select 'ada' as user_id, day::date as local_date, tasks_completed, tasks_completed_on_time, tasks_due, habits_scheduled,
           habits_completed, focus_minutes, false as is_day_off, {prior}::double as productivity_score
    from (select unnest(generate_series(date '2026-03-02' - 56, date '2026-03-01', interval 1 day)) as day), ({usual})"""
OUTCOMES = """
    select 'ada' as user_id, 0::smallint as bucket, date '2026-03-02' as local_date, false as is_day_off, 1 as events, *
    from ({day})"""


def scored(session: Session, *, prior: float, usual: str, day: str) -> dict[str, Any]:
    """What the score's query makes of a Monday after eight weeks of usual days."""
    inputs = {
        "dirty_days": Scan(DIRTY_DAYS),
        "earlier_days": Scan(EARLIER_DAYS.format(prior=prior, usual=usual)),
        "outcomes": Scan(OUTCOMES.format(day=day)),
    }
    row: dict[str, Any] = session.run(query("query"), inputs, daily.CONSTANTS).to_pylist()[0]
    return row


def test_the_score_of_a_day_with_every_part_but_goals(session):
    # Eight weeks of medians of 4.5 with four of the population's 3 make b = (8 · 4.5 + 4 · 3) / 12 = 4.
    row = scored(
        session,
        prior=58,
        usual="""
            select 4.5 as tasks_completed, 7 as tasks_completed_on_time, 10 as tasks_due, 5 as habits_scheduled,
                   3 as habits_completed, 60.0 as focus_minutes""",
        day="""
            select 120 as focus_goal, 5 as tasks_completed, 4 as tasks_completed_with_due, 3 as tasks_completed_on_time, 4 as tasks_due,
                   3 as habits_scheduled, 2 as habits_completed, 95.0 as focus_minutes, 0 as dated_goals, null::double as score_goals,
                   5 as open_at_start""",
    )
    assert (row["usual_completions"], row["p0"], row["h0"]) == pytest.approx((4, 0.7, 0.6))
    assert row["score_evidence"] == 4 + 3 + 5 + 1
    assert row["productivity_score"] == pytest.approx(64.44, abs=0.005)


def test_the_score_of_a_day_with_one_completion_and_nothing_else(session):
    row = scored(
        session,
        prior=55,
        usual="""
            select 0 as tasks_completed, 0 as tasks_completed_on_time, 0 as tasks_due, 0 as habits_scheduled, 0 as habits_completed,
                   0.0 as focus_minutes""",
        day="""
            select null::bigint as focus_goal, 1 as tasks_completed, 0 as tasks_completed_with_due, 0 as tasks_completed_on_time,
                   0 as tasks_due, 0 as habits_scheduled, 0 as habits_completed, 0.0 as focus_minutes, 0 as dated_goals,
                   null::double as score_goals, 2 as open_at_start""",
    )
    assert (row["usual_completions"], row["score_evidence"]) == (1, 2)
    assert (row["score_throughput"], row["score_on_time"], row["score_focus"], row["score_habits"]) == (
        0.5,
        None,
        None,
        None,
    )
    assert row["productivity_score"] == pytest.approx(53.57, abs=0.005)


def test_a_user_who_was_never_held_to_a_date_or_a_habit_is_taken_to_keep_half_of_them(session):
    row = scored(
        session,
        prior=50,
        usual="""
            select 0 as tasks_completed, 0 as tasks_completed_on_time, 0 as tasks_due, 0 as habits_scheduled, 0 as habits_completed,
                   0.0 as focus_minutes""",
        day="""
            select null::bigint as focus_goal, 0 as tasks_completed, 0 as tasks_completed_with_due, 0 as tasks_completed_on_time,
                   1 as tasks_due, 1 as habits_scheduled, 0 as habits_completed, 0.0 as focus_minutes, 0 as dated_goals,
                   null::double as score_goals, 0 as open_at_start""",
    )
    assert (row["p0"], row["h0"]) == (0.5, 0.5)
    assert (row["score_on_time"], row["score_habits"]) == pytest.approx((2 / 5, 1 / 3))


@pytest.fixture(scope="module")
def session():
    with duckdb_connection() as opened:
        yield Session(opened)


counts = st.integers(0, 30)
rows = st.fixed_dictionaries(
    {
        "focus_goal": st.none() | st.integers(1, 1440),
        "tasks_completed": counts,
        "tasks_completed_on_time": counts,
        "tasks_due": counts,
        "habits_scheduled": counts,
        "habits_completed": counts,
        "focus_minutes": st.integers(0, 1500),
        "dated_goals": st.just(1),
        "score_goals": st.floats(0, 1),
        "open_at_start": counts,
    }
)
usual_rows = st.fixed_dictionaries(
    dict.fromkeys(
        ("tasks_completed", "tasks_completed_on_time", "tasks_due", "habits_scheduled", "habits_completed"), counts
    )
    | {"focus_minutes": st.integers(0, 1500)}
)
GOOD = ("tasks_completed", "tasks_completed_on_time", "habits_completed", "focus_minutes", "score_goals")


def as_query(row: dict[str, Any]) -> str:
    return "select " + ", ".join(
        f"{'null::bigint' if value is None else value} as {name}" for name, value in row.items()
    )


@settings(max_examples=sized(30, 300))
@given(day=rows, usual=usual_rows, prior=st.integers(0, 100), more=st.sampled_from(GOOD))
def test_the_score_lies_within_0_and_100_and_doing_more_never_lowers_it(session, day, usual, prior, more):
    better = day | {more: 1 if more == "score_goals" else day[more] + 1}
    before, after = (
        scored(session, prior=prior, usual=as_query(usual), day=as_query(each))["productivity_score"]
        for each in (day, better)
    )
    assert 0 <= before <= after + 1e-9 <= 100 + 1e-6

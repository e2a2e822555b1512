"""A plan can be kept: nothing overlaps, nothing lies outside the free time, breaks are taken, and all that does not fit is said."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operational_api.ai.suggestions import fitting, next_steps
from reports.planning.planner import BREAK, LONGEST, Candidate, expected_minutes, planned
from tests.sizes import sized

MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)


def at(hour, minute=0):
    return MORNING.replace(hour=hour, minute=minute)


def task(number, minutes, due_at=None):
    return Candidate(UUID(int=number), minutes, False, number, due_at)


def lines_of(plan):
    return [(block.task_id.int, f"{block.start_at:%H:%M}", f"{block.end_at:%H:%M}") for block in plan.blocks]


def test_what_ranks_highest_goes_first_with_breaks_between():
    plan = planned([task(2, 60), task(1, 45)], [(at(9), at(12))])
    assert lines_of(plan) == [(1, "09:00", "09:45"), (2, "09:55", "10:55")]
    assert plan.left_out == ()


def test_what_ends_on_the_day_goes_before_what_ranks_higher():
    plan = planned([task(1, 30), task(2, 30, at(11)), task(3, 30, at(10))], [(at(9), at(12))])
    assert [number for number, *_ in lines_of(plan)] == [3, 2, 1]


def test_long_work_is_done_in_parts():
    plan = planned([task(1, 200)], [(at(9), at(13))])
    assert lines_of(plan) == [(1, "09:00", "10:30"), (1, "10:40", "12:10"), (1, "12:20", "12:40")]


def test_a_short_task_fills_the_gap_that_a_long_one_leaves():
    plan = planned([task(1, 90), task(2, 15)], [(at(9), at(9, 15)), (at(10), at(11, 30))])
    assert lines_of(plan) == [(2, "09:00", "09:15"), (1, "10:00", "11:30")]


def test_what_finds_no_place_is_listed_with_its_minutes():
    plan = planned([task(1, 60), task(2, 60)], [(at(9), at(10, 40))])
    assert lines_of(plan) == [(1, "09:00", "10:00"), (2, "10:10", "10:40")]
    assert [block.minutes_left for block in plan.blocks] == [0, 30]
    assert plan.left_out == ()  # it has a place for a part of it
    plan = planned([task(1, 60), task(2, 60)], [(at(9), at(10))])
    assert [(each.task_id.int, each.minutes) for each in plan.left_out] == [(2, 60)]


def test_only_a_block_that_could_be_in_time_is_warned_about():
    late = [(1, False)]  # it cannot be done by then
    plan = planned([task(1, 60, at(9, 30))], [(at(9), at(12))])
    assert [(block.task_id.int, block.is_late) for block in plan.blocks] == late
    plan = planned([task(1, 60, at(10)), task(2, 30)], [(at(9), at(12))], chosen=[UUID(int=2)])
    assert [(block.task_id.int, block.is_late) for block in plan.blocks] == [(2, False), (1, True)]


def test_a_day_without_free_time_has_an_empty_plan():
    plan = planned([task(1, 60)], [])
    assert (plan.blocks, len(plan.left_out)) == ((), 1)


def disjoint(found):
    free: list[tuple[datetime, datetime]] = []
    for start, end in found:
        if not free or start >= free[-1][1]:
            free.append((start, end))
    return free


moments = st.integers(0, 600).map(lambda minutes: MORNING + timedelta(minutes=minutes, seconds=17))
slots = st.lists(st.tuples(moments, moments), max_size=6).map(
    lambda found: disjoint(sorted((min(slot), max(slot)) for slot in found))
)
tasks = st.lists(st.tuples(st.integers(5, 300), st.one_of(st.none(), moments)), max_size=8).map(
    lambda found: [task(number, minutes, due) for number, (minutes, due) in enumerate(found, start=1)]
)


@given(tasks, slots)
@settings(max_examples=sized(100, 3000))
def test_every_plan_can_be_kept(candidates, free):
    plan = planned(candidates, free)
    for block in plan.blocks:
        assert any(start <= block.start_at < block.end_at <= end for start, end in free)
        assert block.end_at - block.start_at <= LONGEST
    for before, after in zip(plan.blocks, plan.blocks[1:], strict=False):
        same_slot = any(start <= before.start_at and after.end_at <= end for start, end in free)
        assert after.start_at - before.end_at >= (BREAK if same_slot else timedelta())
    for each in candidates:
        planned_for = sum((b.end_at - b.start_at for b in plan.blocks if b.task_id == each.task_id), timedelta())
        left_out = [left.minutes for left in plan.left_out if left.task_id == each.task_id]
        assert not (left_out and planned_for)
        unplaced = sum(b.minutes_left for b in plan.blocks if b.task_id == each.task_id)
        missing = timedelta(minutes=sum(left_out) + unplaced)
        assert timedelta() <= timedelta(minutes=each.minutes) - planned_for - missing < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("estimate", "factor", "logged", "minutes"),
    [(60, 1.0, 0, 60), (60, 2.0, 30, 90), (30, 1.0, 90, 5), (None, 3.0, 0, 30)],
)
def test_an_estimate_is_corrected_by_experience_and_by_what_was_done(estimate, factor, logged, minutes):
    assert expected_minutes(estimate, factor, logged) == minutes


def test_for_the_minutes_at_hand_the_first_that_fits_is_taken_else_the_first_is_begun():
    candidates = [task(1, 90), task(2, 25)]
    assert fitting(candidates, 30) == (candidates[1], 25)
    assert fitting(candidates, 20) == (candidates[0], 20)
    assert fitting(candidates, 10) is None
    assert fitting([], 60) is None


def goal(**fields):
    return {
        "goal_id": UUID(int=1), "title": "Move", "target_date": None, "weekly_minutes": None, "milestone_id": None, "step": None,
        "has_task": False, "has_step": False, "spent": 0, **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"step": "Find a van"}, "Find a van"),
        ({"step": "Find a van", "has_step": True, "has_task": True}, None),
        ({}, "Choose a first step for “Move”"),
        ({"has_task": True}, None),
        ({"weekly_minutes": 120, "spent": 45, "has_task": True}, "Time for “Move”"),
        ({"weekly_minutes": 120, "spent": 130, "has_task": True}, None),
    ],
)
def test_tasks_are_suggested_where_nothing_leads_to_a_goal(fields, title):
    found = [each.title for each in next_steps([goal(**fields)], MORNING.date())]
    assert found == ([title] if title else [])


def test_what_is_due_today_or_fits_a_gap_says_why_it_stands_before_a_higher_score():
    due, high, small = task(3, 30, at(20)), task(1, 90), task(2, 15)
    plan = planned([high, small, due], [(at(9), at(9, 45)), (at(10), at(12))], day_ends=at(23, 59))
    assert [(block.task_id.int, block.why) for block in plan.blocks] == [(3, "due"), (1, None), (2, None)]
    plan = planned([high, small], [(at(9), at(9, 15)), (at(10), at(12))])
    assert [(block.task_id.int, block.why) for block in plan.blocks] == [(2, "fits"), (1, None)]


def test_what_the_user_put_first_goes_first_and_says_so():
    plan = planned([task(1, 30), task(2, 30), task(3, 30)], [(at(9), at(12))], chosen=[UUID(int=3), UUID(int=1)])
    assert [(block.task_id.int, block.why) for block in plan.blocks] == [(3, "chosen"), (1, None), (2, None)]


def test_what_is_overdue_goes_by_its_score_and_is_not_warned_about():
    plan = planned([task(2, 30, at(8)), task(1, 30)], [(at(9), at(12))])
    assert [(block.task_id.int, block.is_late) for block in plan.blocks] == [(1, False), (2, False)]

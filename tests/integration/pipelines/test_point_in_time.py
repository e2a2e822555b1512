"""A figure as it was known at a moment of the past, and what it comes from."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from focusflow.metrics import BY_NAME, NoSuchMetric
from models.serving.registry import Registry
from pipelines.engine.daily import DAILY
from pipelines.engine.explanation import PRIORITY_SCORE, Question, explain
from pipelines.engine.point_in_time import past_lake
from pipelines.reference.check import compare
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser

DAY = date(2026, 3, 3)
FIRST, SECOND = datetime(2026, 3, 4, 12, tzinfo=UTC), datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.fixture
def ada():
    """A person who completes a task, and works for an hour, on a day."""
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03").completed("2026-03-03 10:00")
    ada.task("2026-03-03 09:00")
    ada.time("2026-03-03 09:00", "2026-03-03 10:00")
    return ada


def late_entry(ada):
    """Half an hour of that day, which a phone without a network tells three days later."""
    ada.time("2026-03-03 20:00", "2026-03-03 20:30")
    event = ada.events.pop()
    return event.model_copy(update={"recordedtime": datetime(2026, 3, 6, 8, tzinfo=UTC)})


def explained(world, tmp_path, ada, as_of, metric="focus_minutes"):
    question = Question(metric, ada.id, DAY, as_of)
    return explain(world.lake, world.session, BUCKETS, Registry(tmp_path / "models"), question)


def compared(world):
    found = compare(world.lake, world.session, BUCKETS, Random(1))
    assert found is not None
    return found


def test_a_figure_is_what_it_was_then_and_late_events_are_named(world, ada, tmp_path):
    late = late_entry(ada)
    world.land(ada.events)
    world.refresh(FIRST)
    world.land([late])
    world.refresh(SECOND)
    then, now = explained(world, tmp_path, ada, FIRST), explained(world, tmp_path, ada, SECOND)
    assert (then.result, then.current, [each["subject"] for each in then.late]) == (60, 90, [str(late.subject)])
    assert (now.result, now.current, now.late) == (90, 90, [])


def test_every_column_of_every_day_as_of_then_is_the_one_that_was_computed_then(world, ada):
    grace = SampleUser()
    grace.task("2026-03-02 08:00").completed("2026-03-03 08:00")
    world.land(ada.events + grace.events)
    world.refresh(FIRST)
    published = world.days(ada)
    ada.task("2026-03-05 09:00").completed("2026-03-05 10:00")
    ada.tasks[1].happens("updated", "2026-03-05 11:00", due_date="2026-03-02")
    world.land(ada.events[-3:])
    world.refresh(SECOND)
    with past_lake(world.lake, world.session, BUCKETS, ada.id, FIRST) as past:
        known = {day: past.day(date.fromisoformat(day)) for day in published}
    assert known == published
    assert len(world.days(ada)) > len(published)


def test_an_explanation_has_the_definition_the_queries_and_the_rows_that_they_read(world, ada, tmp_path):
    world.land(ada.events)
    world.refresh(FIRST)
    found = explained(world, tmp_path, ada, FIRST)
    assert found.meaning == BY_NAME["focus_minutes"].meaning
    assert any("focus_minutes" in text for text in found.sql.values())
    (entry,) = found.inputs["silver/time_entry_history"]
    assert entry["ended_at"] - entry["started_at"] == timedelta(hours=1)
    assert found.as_json()["result"] == found.current == 60


def test_scores_of_a_moment_are_of_the_tasks_that_were_open_then(world, ada, tmp_path):
    world.land(ada.events)
    world.refresh(SECOND)
    noon = datetime(2026, 3, 3, 8, 30, tzinfo=UTC)  # half past nine in Berlin: both tasks are open
    found = explained(world, tmp_path, ada, noon, PRIORITY_SCORE)
    assert {each["task_id"] for each in found.inputs["open tasks"]} == {str(each.id) for each in ada.tasks}
    after = explained(world, tmp_path, ada, noon + timedelta(hours=2), PRIORITY_SCORE)
    assert [each["task_id"] for each in after.inputs["open tasks"]] == [str(ada.tasks[1].id)]


def test_a_figure_that_does_not_exist_is_refused(world, ada, tmp_path):
    with pytest.raises(NoSuchMetric):
        explained(world, tmp_path, ada, FIRST, "karma")


def test_nothing_is_known_of_a_user_who_was_not_there(world, ada):
    world.land(ada.events)
    world.refresh(FIRST)
    with past_lake(world.lake, world.session, BUCKETS, uuid4(), FIRST) as past:
        assert past.day(DAY) is None


def test_random_days_agree_with_the_reference_and_a_wrong_cell_is_named(world, ada):
    world.land(ada.events)
    world.refresh(SECOND)
    found = compared(world)
    assert (found.mismatches, found.days) == ([], 4)
    assert "all agree" in found.sentence
    daily = world.lake.open(DAILY)
    wrong = daily.delta.to_pyarrow_table().to_pylist()
    for row in wrong:
        if row["local_date"] == DAY:
            row["focus_minutes"] += 7
    daily.replace(daily.columns().empty_table().from_pylist(wrong, daily.columns()), where="true", positions={})
    found = compared(world)
    (mismatch,) = [each for each in found.mismatches if each.column == "focus_minutes"]
    assert (mismatch.day, mismatch.published, mismatch.reference) == (DAY, 67, 60)
    assert "differ" in found.sentence


def test_seconds_and_overlaps_are_counted_by_the_reference(world):
    """What the generated histories do not have: stretches that begin and end within a minute, and across midnight and a move of zone."""
    ada = SampleUser()
    ada.time(datetime(2026, 3, 3, 8, 0, 20, tzinfo=UTC), datetime(2026, 3, 3, 8, 30, 50, tzinfo=UTC))
    ada.time(datetime(2026, 3, 3, 8, 10, tzinfo=UTC), datetime(2026, 3, 3, 8, 31, 5, tzinfo=UTC), "pomodoro")
    ada.time(datetime(2026, 3, 3, 22, 50, 30, tzinfo=UTC), datetime(2026, 3, 3, 23, 20, 40, tzinfo=UTC), "pomodoro")
    ada.moves("America/New_York", datetime(2026, 3, 4, 3, 0, 10, tzinfo=UTC))
    ada.time(datetime(2026, 3, 4, 2, 30, tzinfo=UTC), datetime(2026, 3, 4, 6, 0, 1, tzinfo=UTC))
    world.land(ada.events)
    world.refresh(SECOND)
    found = compared(world)
    assert (found.days > 3, found.mismatches) == (True, [])

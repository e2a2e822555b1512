"""Histories say what an entity was at any time, whatever the order in which its events came."""

from datetime import date

import pytest

from focusflow.contracts.registry import BY_NAME
from pipelines.engine import daily, histories
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser

TASKS = histories.spec(BY_NAME["task"]).name


def task_of_three_versions(ada: SampleUser):
    task = ada.task("2026-03-02 09:00")
    task.happens("updated", "2026-03-02 10:00", priority="high")
    task.completed("2026-03-03 11:00")
    return ada.events[-3:]


def spans(world) -> list[tuple[int, str, object, object]]:
    rows = world.rows(TASKS, "from silver.task_history order by task_id, version")
    return [(row["version"], row["change"], row["valid_from"], row["valid_to"]) for row in rows]


def test_each_version_holds_until_the_next(world):
    ada = SampleUser()
    task_of_three_versions(ada)
    world.land(ada.events)
    world.load_silver()
    assert world.load_histories()["task"] == 3
    nine, ten, eleven = (ada.moment(at) for at in ("2026-03-02 09:00", "2026-03-02 10:00", "2026-03-03 11:00"))
    assert spans(world) == [
        (1, "task.created", nine, ten),
        (2, "task.updated", ten, eleven),
        (3, "task.completed", eleven, None),
    ]
    assert [row["priority"] for row in world.rows(TASKS, "from silver.task_history order by version")] == [
        "medium",
        "high",
        "high",
    ]


def test_versions_are_ordered_by_their_number_whatever_the_arrival(world):
    ada = SampleUser()
    first, second, third = task_of_three_versions(ada)
    world.land([third, first, second])
    world.load_silver()
    world.load_histories()
    assert [(version, change) for version, change, *_ in spans(world)] == [
        (1, "task.created"),
        (2, "task.updated"),
        (3, "task.completed"),
    ]


def test_a_version_that_comes_late_slots_in_between_the_others(world):
    ada = SampleUser()
    first, second, third = task_of_three_versions(ada)
    for batch in ([first, third], [second]):
        world.land(batch)
        world.load_silver()
        world.load_histories()
    assert [valid_to for *_, valid_to in spans(world)] == [second.time, third.time, None]


def test_a_version_that_came_under_two_ids_counts_once(world):
    ada, bob = SampleUser(), SampleUser()
    created = ada.task("2026-03-02 09:00").user.events[-1]
    for batch in ([created], [created.model_copy(update={"id": bob.account.id})]):
        world.land(batch)
        world.load_silver()
        world.load_histories()
    assert [version for version, *_ in spans(world)] == [1]


def test_a_clock_that_went_back_makes_no_version_end_before_it_began(world):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00")
    task.happens("updated", "2026-03-02 08:00")
    world.land(ada.events)
    world.load_silver()
    world.load_histories()
    assert [valid_from for *_, valid_from, _ in spans(world)] == [ada.moment("2026-03-02 09:00")] * 2


def test_other_entities_of_the_bucket_stay_as_they_were(world):
    ada = SampleUser()
    task_of_three_versions(ada)
    world.land(ada.events)
    world.load_silver()
    world.load_histories()
    before = spans(world)
    ada.events.clear()
    ada.task("2026-03-05 09:00").deleted("2026-03-05 10:00")
    world.land(ada.events)
    world.load_silver()
    assert world.load_histories()["task"] == 2
    assert set(before) < set(spans(world))
    assert len(spans(world)) == 5


def test_every_noun_has_a_history_of_the_fields_of_its_contract(world):
    ada = SampleUser()
    habit = ada.habit("2026-03-02 08:00", reminder_time="07:30:00", frequency="weekdays", weekdays=[0, 2])
    ada.log(habit, "2026-03-02", mood=4)
    ada.time("2026-03-02 09:00", "2026-03-02 10:00", kind="pomodoro")
    ada.new("day_off", first_date="2026-03-07", last_date="2026-03-08").happens("created", "2026-03-02 09:00")
    goal = ada.new("goal", title="Run", created_at=ada.moment("2026-03-02 09:00"), target_date="2026-04-01")
    goal.happens("created", "2026-03-02 09:00")
    ada.new("milestone", goal_id=goal.id, title="Shoes").happens("created", "2026-03-02 09:00")
    start, end = ada.moment("2026-03-02 13:00"), ada.moment("2026-03-02 14:00")
    ada.new("calendar_event", title="Lunch", start_at=start, end_at=end).happens("created", "2026-03-02 09:00")
    ada.task("2026-03-02 09:00", tags=["home"], blocked_by=[habit.id])
    world.land(ada.events)
    world.load_silver()
    assert world.load_histories() == dict.fromkeys((noun.name for noun in histories.KEPT), 1)
    (row,) = world.rows("silver/habit_history")
    assert (row["reminder_time"], row["frequency"], row["weekdays"]) == ("07:30:00", "weekdays", [0, 2])
    (task,) = world.rows(TASKS)
    assert task["blocked_by"] == [str(habit.id)]
    (tag,) = task["tags"]
    assert len(tag) == 32  # a hash


def test_a_second_run_writes_nothing(world):
    ada = SampleUser()
    task_of_three_versions(ada)
    world.land(ada.events)
    world.load_silver()
    world.load_histories()
    before = [world.lake.pinned(histories.spec(noun).name).version for noun in histories.KEPT]
    assert set(world.load_histories().values()) == {0}
    assert [world.lake.pinned(histories.spec(noun).name).version for noun in histories.KEPT] == before


@pytest.mark.parametrize("same_bucket", [True, False])
def test_nobody_changes_anothers_days_by_naming_an_entity_of_theirs(world, same_bucket):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00")
    world.day(ada, "2026-03-03")
    before, days = spans(world), world.days(ada)
    bob = next(each for each in iter(SampleUser, None) if (each.bucket == ada.bucket) is same_bucket)
    theirs = bob.new("task", title="Mine", created_at=ada.moment("2026-03-02 09:00"))
    theirs.id = task.id
    for happening in ("created", "deleted"):
        theirs.happens(happening, "2026-03-03 10:00", deleted_at=bob.moment("2026-03-03 10:00"))
    world.day(bob, "2026-03-03")
    assert set(before) <= set(spans(world))
    daily.compute(world.lake, world.session, BUCKETS, ada.moment("2026-03-03 23:59"), from_day=date(2026, 3, 1))
    assert world.days(ada) == days


def test_two_users_who_name_one_entity_have_one_each(world):
    ada = SampleUser()
    bob = next(each for each in iter(SampleUser, None) if each.bucket == ada.bucket)
    mine, theirs = (
        ada.task("2026-03-02 09:00"),
        bob.new("task", title="Mine", created_at=bob.moment("2026-03-02 09:00")),
    )
    theirs.id = mine.id
    theirs.happens("created", "2026-03-02 10:00")
    theirs.deleted("2026-03-02 11:00")
    world.land([*ada.events, *bob.events])
    world.load_silver()
    world.load_histories()
    newest = [row["user_id"] for row in world.rows(TASKS) if row["valid_to"] is None]
    assert sorted(newest) == sorted([str(ada.id), str(bob.id)])


def test_a_long_way_is_gone_bucket_by_bucket(world, monkeypatch):
    monkeypatch.setattr(histories, "AT_ONCE", 1)
    users = [SampleUser() for _ in range(6)]
    for user in users:
        task_of_three_versions(user)
        world.land(user.events)
    world.load_silver()
    assert world.load_histories()["task"] == 18
    assert len(spans(world)) == 18
    commits = world.lake.pinned(TASKS).commit_metadata_since(0)
    assert len(commits) == len({user.bucket for user in users})
    assert world.load_histories()["task"] == 0

"""A user's days begin with the first local day that anything tells of, wherever the user lived and whatever came first."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from focusflow.clock import local_date
from focusflow.lake.tables import Lake, position_key
from pipelines.engine import build, daily, dirty_days
from pipelines.engine.as_of import as_of_metadata
from pipelines.engine.checks import counts_of
from pipelines.reference.days import productivity_daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.account import Account
from tests.integration.pipelines.conftest import SampleUser, World
from tests.sizes import sized

#: From where a day begins last to where it begins first.
ZONES = ("Pacific/Pago_Pago", "America/New_York", "UTC", "Asia/Tokyo", "Pacific/Auckland", "Pacific/Kiritimati")

#: Early on a day in UTC: west of it, it is still yesterday.
BEGINNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

#: Tables that count what the days count, hour by hour or task by task.
BESIDE_DAYS = [table for table in build.TABLES if table.name in ("task_flow_daily", "time_daily", "calendar_load")]


def moves(user: SampleUser, timezone: str, at: datetime) -> None:
    """As the API writes it: the event of a move still carries the zone that it ends."""
    user.account.happens("updated", at, timezone=timezone)
    user.timezone = timezone


def refresh(world: World, as_of: datetime) -> dict[str, int]:
    """Returns which rules of these tables are broken, and how often."""
    world.refresh(as_of)
    for table in BESIDE_DAYS:
        build.load_incremental(world.lake, world.session, table, BUCKETS, as_of)
    broken: dict[str, int] = {}
    for name in (daily.DAILY.name, *(table.spec.name for table in BESIDE_DAYS)):
        counts = counts_of(world.lake, world.session, name)
        assert counts is not None
        broken |= {f"{name} {rule}": count for rule, count in counts.broken.items() if count}
    return broken


def test_who_moves_to_where_it_is_still_yesterday_has_a_row_for_it(world):
    ada, bob = SampleUser("UTC", BEGINNING), SampleUser("UTC", BEGINNING)
    bob.task(BEGINNING)
    moves(ada, "America/New_York", BEGINNING + timedelta(minutes=5))
    ada.task(BEGINNING + timedelta(minutes=10))
    world.land(ada.events + bob.events)
    assert refresh(world, BEGINNING + timedelta(hours=1)) == {}
    days = {day: row["tasks_created"] for day, row in world.days(ada).items()}
    assert days == {"2026-03-01": 1, "2026-03-02": 0}
    assert list(world.days(bob)) == ["2026-03-02"]


def backfilled_time(user: SampleUser) -> None:
    entry = user.new(
        "time_entry",
        kind="focus",
        started_at=user.moment("2026-02-20 09:00"),
        ended_at=user.moment("2026-02-20 09:30"),
    )
    entry.happens("logged", BEGINNING + timedelta(hours=1))


def backfilled_habit(user: SampleUser) -> None:
    log = user.new("habit_log", habit_id=user.account.id, local_date="2026-02-20")
    log.happens("logged", BEGINNING + timedelta(hours=1))


def imported_task(user: SampleUser) -> None:
    user.task("2026-02-20 09:00")


@pytest.mark.parametrize("backfill", [backfilled_time, backfilled_habit, imported_task])
def test_a_late_event_about_a_day_before_the_first_row_adds_its_row(world, backfill):
    ada = SampleUser("UTC", BEGINNING)
    world.land(ada.events)
    refresh(world, BEGINNING)
    assert list(world.days(ada)) == ["2026-03-02"]
    ada.events.clear()
    backfill(ada)
    world.land(ada.events)
    assert refresh(world, BEGINNING + timedelta(hours=2)) == {}
    days = list(world.days(ada))
    assert (days[0], len(days)) == ("2026-02-20", 11)
    # An appointment of such a day counts for it, and does not bring days of its own.
    ada.events.clear()
    for day in ("2026-02-21", "1985-05-05"):
        start = ada.moment(f"{day} 09:00")
        meeting = ada.new("calendar_event", title="M", start_at=start, end_at=start + timedelta(minutes=30))
        meeting.happens("created", BEGINNING + timedelta(hours=2))
    world.land(ada.events)
    assert refresh(world, BEGINNING + timedelta(hours=3)) == {}
    minutes = {day: row["meeting_minutes"] for day, row in world.days(ada).items() if row["meeting_minutes"]}
    assert minutes == {"2026-02-21": 30}
    assert list(world.days(ada)) == days


def test_a_date_that_cannot_be_meant_costs_no_row_for_each_day_since(world):
    ada = SampleUser("UTC", BEGINNING)
    ada.task(datetime(11, 5, 5, 9, 0, tzinfo=UTC))
    world.land(ada.events)
    assert refresh(world, BEGINNING) == {}
    assert len(world.days(ada)) == 3654


def test_a_home_that_an_older_version_left_without_a_day_gets_it_by_itself(world):
    ada = SampleUser("UTC", BEGINNING)
    moves(ada, "America/New_York", BEGINNING + timedelta(minutes=5))
    ada.task(BEGINNING + timedelta(minutes=10))
    world.land(ada.events)
    refresh(world, BEGINNING + timedelta(hours=1))
    forget_first_day(world, "2026-03-02")
    assert refresh(world, BEGINNING + timedelta(hours=2)) == {}
    assert list(world.days(ada)) == ["2026-03-01", "2026-03-02"]
    version = world.lake.version(daily.DAILY.name)
    assert refresh(world, BEGINNING + timedelta(hours=2)) == {}
    assert world.lake.version(daily.DAILY.name) == version


def forget_first_day(world: World, first: str) -> None:
    """As versions before left the table: without the days before the registration, and without saying by which computation."""
    table = world.lake.open(daily.DAILY)
    rows = world.session.run(f"from {table.scan()} where local_date >= '{first}'")
    positions = {position_key(bucket): table.position(position_key(bucket)) for bucket in range(BUCKETS)}
    shutil.rmtree(world.lake.url(daily.DAILY.name))
    metadata = as_of_metadata(BEGINNING + timedelta(hours=1)) | dirty_days.first_days_metadata({})
    world.lake.open(daily.DAILY).replace(rows, where="true", positions=positions, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that happens some hours after the turn before; `hours_ago` is what it tells of, where that is earlier."""

    what: str
    hours: int
    hours_ago: int
    zone: str


turns = st.builds(
    Turn,
    what=st.sampled_from(("move", "move", "task", "complete", "time", "habit", "meeting")),
    hours=st.integers(0, 13),
    hours_ago=st.integers(1, 60),
    zone=st.sampled_from(ZONES),
)


def lived(begins_in: str, turns: list[Turn]) -> SampleUser:
    user, now = SampleUser(begins_in, BEGINNING), BEGINNING
    habit = user.habit(now)
    for turn in turns:
        now += timedelta(hours=turn.hours, minutes=7)
        told = now - timedelta(hours=turn.hours_ago)
        if turn.what == "move":
            moves(user, turn.zone, now)
        elif turn.what == "task":
            user.task(now, due_at=now + timedelta(hours=turn.hours_ago))
        elif turn.what == "complete" and user.tasks:
            user.tasks[0].completed(now)
        elif turn.what == "time":
            entry = user.new("time_entry", kind="focus", started_at=told, ended_at=told + timedelta(hours=1))
            entry.happens("logged", now)
        elif turn.what == "habit":
            log = user.new("habit_log", habit_id=habit.id, local_date=local_date(told, user.timezone))
            log.happens("logged", now)
        elif turn.what == "meeting":
            meeting = user.new("calendar_event", title="M", start_at=told, end_at=told + timedelta(hours=1))
            meeting.happens("created", now)
    return user


histories = st.builds(lived, begins_in=st.sampled_from(ZONES), turns=st.lists(turns, min_size=4, max_size=12))


@pytest.mark.timeout(300)
@settings(max_examples=sized(2, 50), phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(
    users=st.lists(histories, min_size=6, max_size=6), cut=st.floats(0.1, 0.9), seed=st.randoms(use_true_random=False)
)
def test_wherever_users_move_each_day_that_anything_tells_of_has_its_row(tmp_path_factory, users, cut, seed):
    world = World(Lake(str(tmp_path_factory.mktemp("lake"))))
    events = [event for user in users for event in user.events]
    last = max(event.time for event in events)
    seed.shuffle(events)
    half = int(len(events) * cut)
    world.land(events[:half])
    refresh(world, last)
    world.land(events[half:])
    as_of = last + timedelta(hours=5)
    assert refresh(world, as_of) == {}
    for user in users:
        expected = productivity_daily(Account(user, as_of))
        found = {row["local_date"]: row for row in world.days(user).values()}
        assert found.keys() == expected.keys()
        for day, row in expected.items():
            assert {name: found[day][name] for name in row} == pytest.approx(row, abs=3e-4), day

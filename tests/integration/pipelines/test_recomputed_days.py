"""Days that are asked for again: these are computed, the others stay, and nobody is left behind for it."""

from datetime import date, datetime

import pytest
from deltalake import write_deltalake

from pipelines.engine import build, daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser, World

WRONG = 99


@pytest.fixture
def ada(world) -> SampleUser:
    """Somebody whose days up to the fifth of March all say something wrong."""
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03").completed("2026-03-04 10:00")
    world.land(ada.events)
    world.refresh(noon_of_the_fifth(ada))
    table = world.lake.open(daily.DAILY)
    wrong = world.session.run(f"select * replace ({WRONG} as tasks_created) from {table.scan()}")
    table.replace(wrong, where="month = '2026-03'", positions={})
    ada.events.clear()
    return ada


def noon_of_the_fifth(user: SampleUser) -> datetime:
    return user.moment("2026-03-05 12:00")


def compute(world: World, ada: SampleUser, first: int, last: int | None = None) -> daily.Computed:
    to_day = None if last is None else date(2026, 3, last)
    return daily.compute(
        world.lake, world.session, BUCKETS, noon_of_the_fifth(ada), from_day=date(2026, 3, first), to_day=to_day
    )


def created(world: World, user: SampleUser) -> list[int]:
    return [row["tasks_created"] for row in world.days(user).values()]


def test_only_the_days_asked_for_are_rewritten(world, ada):
    assert compute(world, ada, 2, 3).rows == 2
    assert created(world, ada) == [WRONG, 1, 0, WRONG, WRONG]


def test_without_an_end_they_go_up_to_today(world, ada):
    assert compute(world, ada, 2).rows == 4
    assert created(world, ada) == [WRONG, 1, 0, 0, 0]


def test_a_user_who_has_new_events_is_computed_up_to_today_all_the_same(world, ada):
    ada.task("2026-03-04 18:00")
    world.land(ada.events)
    world.load_silver()
    world.load_histories()
    compute(world, ada, 2, 3)
    assert created(world, ada) == [WRONG, 1, 0, 1, 0]


def test_days_from_before_anybody_came_are_nothing_to_do(world):
    bob = SampleUser(since="2026-03-04 08:00")
    world.land(bob.events)
    world.refresh(noon_of_the_fifth(bob))
    before = world.days(bob)
    assert list(before) == ["2026-03-04", "2026-03-05"]
    assert compute(world, bob, 1, 3) == daily.Computed()
    assert world.days(bob) == before


def made(world: World, ada: SampleUser) -> dict[str, list[dict[str, object]]]:
    world.refresh(noon_of_the_fifth(ada))
    for table in build.TABLES:
        build.load_incremental(world.lake, world.session, table, BUCKETS, noon_of_the_fifth(ada))
    return {spec.name: world.rows(spec.name) for spec in (daily.DAILY, *(table.spec for table in build.TABLES))}


def test_what_an_older_version_computed_is_recomputed(world):
    """Where it had a column less, and where it divided the tables otherwise."""
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03").completed("2026-03-04 10:00")
    ada.new("time_entry", started_at=ada.moment("2026-03-02 09:00"), kind="manual").happens(
        "started", "2026-03-02 09:00"
    )
    world.land(ada.events)
    new = made(world, ada)
    for kept in (slice(0, -1), slice(None)):
        for name in new:
            table = world.lake.pinned(name)
            columns = [each for each in table.columns().names if each not in ("user_id", "bucket", "month")][kept]
            old = world.session.run(f"select {', '.join(columns)} from {table.scan()}")
            write_deltalake(table.delta.table_uri, old, mode="overwrite", schema_mode="overwrite", partition_by=[])
        assert made(world, ada) == new

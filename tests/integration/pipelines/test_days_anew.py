"""Days that are asked for anew: these are computed, the others stay, and nobody is left behind for it."""

from datetime import date, datetime

import pytest

from pipelines import daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import Person, World

WRONG = 99


@pytest.fixture
def ada(world) -> Person:
    """Somebody whose days up to the fifth of March all say something wrong."""
    ada = Person()
    ada.task("2026-03-02 09:00", due_date="2026-03-03").completed("2026-03-04 10:00")
    world.land(ada.events)
    world.refresh(noon_of_the_fifth(ada))
    table = world.lake.open(daily.DAILY)
    wrong = world.connection.sql(f"select * replace ({WRONG} as tasks_created) from {table.scan()}").to_arrow_table()
    table.replace(wrong, where="month = '2026-03'", positions={})
    ada.events.clear()
    return ada


def noon_of_the_fifth(person: Person) -> datetime:
    return person.moment("2026-03-05 12:00")


def compute(world: World, ada: Person, first: int, last: int | None = None) -> daily.Computed:
    to_day = None if last is None else date(2026, 3, last)
    return daily.compute(
        world.lake, world.connection, BUCKETS, noon_of_the_fifth(ada), from_day=date(2026, 3, first), to_day=to_day
    )


def created(world: World, person: Person) -> list[int]:
    return [row["tasks_created"] for row in world.days(person).values()]


def test_only_the_days_asked_for_are_written_anew(world, ada):
    assert compute(world, ada, 2, 3).rows == 2
    assert created(world, ada) == [WRONG, 1, 0, WRONG, WRONG]


def test_without_an_end_they_go_up_to_today(world, ada):
    assert compute(world, ada, 2).rows == 4
    assert created(world, ada) == [WRONG, 1, 0, 0, 0]


def test_whoever_has_new_events_is_computed_up_to_today_all_the_same(world, ada):
    ada.task("2026-03-04 18:00")
    world.land(ada.events)
    world.take_in()
    world.bring_up()
    compute(world, ada, 2, 3)
    assert created(world, ada) == [WRONG, 1, 0, 1, 0]


def test_days_from_before_anybody_came_are_nothing_to_do(world):
    bob = Person(since="2026-03-04 08:00")
    world.land(bob.events)
    world.refresh(noon_of_the_fifth(bob))
    before = world.days(bob)
    assert list(before) == ["2026-03-04", "2026-03-05"]
    assert compute(world, bob, 1, 3) == daily.Computed()
    assert world.days(bob) == before

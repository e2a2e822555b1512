"""However events come, in whatever order, how often and in how many batches, the days come out as if all had come at once."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focusflow.contracts.registry import BY_NAME
from focusflow.lake.tables import Lake
from pipelines.engine import build, changed_users, daily, histories
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import World
from tests.integration.pipelines.stories import batches, long_stories, stories
from tests.sizes import sized

BY_MONTH = [table for table in build.TABLES if table.is_by_month]

few = settings(max_examples=sized(3, 50))


@pytest.fixture(scope="module")
def new_world(tmp_path_factory):
    return lambda: World(Lake(str(tmp_path_factory.mktemp("lake"))))


@few
@given(stories, stories, st.data())
def test_days_that_grew_batch_by_batch_equal_those_made_at_once(new_world, one, other, data):
    ada, bob = one.user(), other.user()
    events = sorted(ada.events + bob.events, key=lambda event: event.time)
    arrived = data.draw(batches(events))
    last = events[-1].time
    hours = sorted(data.draw(st.lists(st.integers(0, 72), min_size=len(arrived), max_size=len(arrived))))
    grown, at_once = new_world(), new_world()
    for batch, later in zip(arrived, hours, strict=True):
        grown.land(batch)
        grown.refresh(last + timedelta(hours=later))
    at_once.land(events)
    at_once.refresh(last + timedelta(hours=hours[-1]))
    assert grown.days(ada) == at_once.days(ada)
    assert grown.days(bob) == at_once.days(bob)


#: What is made by month, or rewritten only where something differs.
TABLES = (*(histories.spec(noun).name for noun in histories.KEPT), *(each.spec.name for each in BY_MONTH))


def rows_after(world, batches, moments):
    """Every row of those tables after the batches have come one by one."""
    for batch, as_of in zip(batches, moments, strict=True):
        world.land(batch)
        world.refresh(as_of)
        for table in BY_MONTH:
            build.load_incremental(world.lake, world.session, table, BUCKETS, as_of)
    return {name: [described(row) for row in world.rows(name)] for name in TABLES}


def described(row):
    """Without its place in the log, which is by arrival, and the last digits of numbers, which are by the order of sums."""
    return {
        name: round(value, 6) if isinstance(value, float) else value
        for name, value in row.items()
        if name != "log_offset"
    }


@settings(max_examples=sized(2, 50))
@given(long_stories, st.data())
def test_months_that_grew_equal_those_made_at_once(new_world, story, data):
    events = sorted(story.user().events, key=lambda event: event.time)
    late = data.draw(st.sets(st.sampled_from(range(1, len(events))), max_size=2))
    punctual = [event for place, event in enumerate(events) if place not in late]
    half = len(punctual) // 2
    batches = [punctual[:half], punctual[half:], [events[place] for place in late]]
    last = events[-1].time + timedelta(hours=data.draw(st.integers(0, 72)))
    moments = [events[half].time, events[-1].time, last]
    assert rows_after(new_world(), batches, moments) == rows_after(new_world(), [events], [last])


@settings(max_examples=sized(1, 50))
@given(long_stories, stories, st.data())
def test_tables_that_follow_single_users_equal_those_made_at_once(new_world, one, other, data):
    ada, bob = one.user(), other.user()
    events = sorted(ada.events + bob.events, key=lambda event: event.time)
    late = data.draw(st.sets(st.sampled_from(range(2, len(events))), min_size=1, max_size=3))
    batches = [[event for place, event in enumerate(events) if place not in late], [events[place] for place in late]]
    as_of = (events[-1].time + timedelta(hours=30)).replace(minute=0)
    moments = [as_of + timedelta(seconds=place) for place in range(len(batches))]
    grown, at_once = new_world(), new_world()
    assert every_row(grown, batches, moments) == every_row(at_once, [events], moments[-1:])
    commits = grown.lake.open(histories.spec(BY_NAME["task"])).commit_metadata_since(1)
    assert any(changed_users.USERS in each for each in commits)


def every_row(world, batches, moments):
    """Every row of all tables that are made by a query, and of the daily one."""
    for batch, as_of in zip(batches, moments, strict=True):
        world.land(batch)
        world.refresh(as_of)
        for table in build.TABLES:
            build.load_incremental(world.lake, world.session, table, BUCKETS, as_of)
    names = [daily.DAILY.name, *(table.spec.name for table in build.TABLES)]
    return {name: [described(row) for row in world.rows(name)] for name in names}


@few
@given(stories, stories)
def test_nobodys_days_change_because_of_what_another_does(new_world, one, other):
    ada, bob = one.user(), other.user()
    as_of = max(event.time for event in ada.events + bob.events) + timedelta(hours=1)
    world = new_world()
    world.land(ada.events)
    world.refresh(as_of)
    alone = world.days(ada)
    world.land(bob.events)
    world.refresh(as_of)
    assert world.days(ada) == alone
    assert world.days(bob)

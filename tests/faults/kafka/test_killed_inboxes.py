"""Inboxes are killed at every point and at any moment: what others sent comes in once; and one that forgets is found out."""

import signal
import time

import pytest

from tests.conftest import BUCKETS
from tests.faults.kafka.processes import forget_until, read_inbox, read_inbox_until
from tests.faults.kafka.strangers import Stranger, orders_of
from tests.faults.kafka.test_killed_relays import ENDS, wait_until
from tests.faults.points import INBOX, Point
from tests.faults.tally import Tally
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it

KILLS = sized(6, 30)


@pytest.fixture
def stranger(kafka, user_id):
    kafka.prepare(BUCKETS, 1)
    stranger = Stranger(kafka, user_id)
    yield stranger
    stranger.finish()


@pytest.fixture(autouse=True)
def nothing_read(database):
    """Each test has a topic of its own, and starts at its beginning."""
    with database.owner() as connection:
        connection.execute("truncate outbox, inbox_position, inbox_events, inbox_refused")


def killed_at(run, work, point):
    process = run(work, point)
    process.join(ENDS)
    assert process.exitcode == -signal.SIGKILL, f"it never came to {point}"


def assert_all_came_once(database, kafka, run, orders, tally=None):
    def is_read():
        with database.owner() as connection:
            rows = connection.execute("select coalesce(sum(next), 0)::bigint as places from inbox_position").fetchall()
        return rows[0]["places"] == end

    with kafka.log(kafka.inbox) as messages:
        end = sum(messages.bounds(partition)[1] for partition in messages.partitions())
    last = run(read_inbox)
    assert wait_until(is_read)
    last.kill()
    taken_in = orders_of(database)
    (tally or Tally()).compare(orders, taken_in)
    assert sorted(taken_in) == sorted(orders)


@pytest.mark.fault("inbox killed at each point")
def test_inboxes_killed_at_every_point_lose_and_double_nothing(database, kafka, stranger, run, tally):
    tally.tries = len(INBOX)
    for point in INBOX:
        killed_at(run, read_inbox_until, point)
    assert_all_came_once(database, kafka, run, stranger.finish(), tally)


@pytest.mark.fault("inbox killed at random moments")
def test_inboxes_killed_at_any_moment_lose_and_double_nothing(database, kafka, stranger, run, tally):
    tally.tries = KILLS
    moments = dice(3)
    for number in range(KILLS):
        process, before = run(read_inbox), len(orders_of(database))
        if number % 5 == 0:  # they do take in between the kills
            assert wait_until(lambda: len(orders_of(database)) > before)  # noqa: B023 (asked at once)
        time.sleep(moments.uniform(0, 0.1))
        assert process.is_alive()  # it was killed, it did not fail
        process.kill()
        process.join(10)
    assert_all_came_once(database, kafka, run, stranger.finish(), tally)


@pytest.mark.mutant("inbox killed at random moments")
def test_an_inbox_that_moves_on_before_it_has_written_is_detected(database, kafka, stranger, run):
    killed_at(run, forget_until, Point("ingestion.kafka.inbox:_take", "before"))
    orders = stranger.finish()
    with pytest.raises(AssertionError):
        assert_all_came_once(database, kafka, run, orders)

"""PostgreSQL is stopped and crashes under relay, lander and inbox, with writers going on: they go on by themselves, and nothing is lost or doubled."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from focusflow.database.embedded import EmbeddedServer
from focusflow.database.session import Database
from focusflow.errors import Unavailable
from tests.conftest import BUCKETS, add_user, copy_home
from tests.faults.kafka.conftest import Running
from tests.faults.kafka.processes import land, read_inbox, relay
from tests.faults.kafka.strangers import Stranger, orders_of
from tests.faults.kafka.test_killed_relays import assert_everything_lands_by_kafka, wait_until
from tests.faults.writers import Writers
from tests.sizes import sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT  # what PostgreSQL takes them for
RESTARTS = sized((FAST, IMMEDIATE), (FAST, IMMEDIATE) * 4)


class Restartable(EmbeddedServer):
    """A server that is made to end while others use it."""

    def restart(self, how):
        os.kill(int(self._pid_file.read_text(encoding="utf-8").splitlines()[0]), how)
        assert wait_until(lambda: not self._has_postmaster())
        assert self.ensure_running()


@pytest.fixture
def server(home_with_database):
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        copy_home(home_with_database, home)
        server = Restartable(home, {})
        with server.used():
            yield server


@pytest.fixture
def database(server):
    with Database(server.url, connections=10) as opened:
        yield opened


@pytest.fixture
def running(server, lake, kafka):
    running = Running(server.url, lake, kafka)
    yield running
    running.kill()


class Patient(Writers):
    """Try again until they are answered. What was not answered may be there or not."""

    def write(self, user_id, count):
        while True:
            try:
                return super().write(user_id, count)
            except Unavailable:
                self._stop.wait(0.1)


def landed(lake):
    table = lake.pinned("raw/events")
    return table.rows() if table else 0


@pytest.mark.fault("database restarted and crashed, with Kafka")
def test_relay_lander_and_inbox_go_on_when_postgres_was_restarted_under_them(database, server, kafka, running, tally):
    lake = running.lake
    kafka.prepare(BUCKETS, 1)
    writers, stranger = Patient(database, pause=0.02), Stranger(kafka, add_user(database))
    parts = {work.__name__: running(work) for work in (relay, land, read_inbox)}
    for how in RESTARTS:
        before = landed(lake), len(orders_of(database))
        assert wait_until(lambda: landed(lake) > before[0] and len(orders_of(database)) > before[1])  # noqa: B023 (asked at once)
        server.restart(how)
    before = landed(lake)
    with tally.recovery():
        assert wait_until(lambda: landed(lake) > before)
    accepted, orders = writers.finish(), stranger.finish()
    assert wait_until(lambda: orders <= set(orders_of(database)))
    assert {name for name, part in parts.items() if part.is_alive()} == set(parts)  # the same processes all the while
    running.kill()
    taken_in = orders_of(database)
    tally.tries = len(RESTARTS)
    tally.compare(orders, taken_in)
    assert_everything_lands_by_kafka(database, running, accepted, tally)

"""PostgreSQL is stopped and crashes under relay, lander and inbox, with writers going on: they go on by themselves, and nothing is lost or doubled."""

import os
import signal
import tempfile
import threading
from itertools import count
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer

from focusflow.database.embedded import EmbeddedServer
from focusflow.database.migrate import prepare
from focusflow.database.session import Database, Role
from focusflow.problems import Unavailable
from tests.conftest import BUCKETS, add_user
from tests.faults.kafka.conftest import Running
from tests.faults.kafka.processes import land, relay, take_in
from tests.faults.kafka.test_killed_relays import assert_everything_lands_by_kafka, wait_until
from tests.faults.writers import Writers

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT  # what PostgreSQL takes them for
RESTARTS = (FAST, IMMEDIATE, IMMEDIATE)


class Restartable(EmbeddedServer):
    """A server that is made to end while others use it."""

    def restart(self, how):
        os.kill(int(self._pid_file.read_text(encoding="utf-8").splitlines()[0]), how)
        assert wait_until(lambda: not self._has_postmaster())
        assert self.ensure_running()


@pytest.fixture
def server():
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        server = Restartable(home, {})
        with server.used():
            prepare(server.url, BUCKETS)
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


class Stranger:
    """Sends to the inbox all the while, each event twice, and keeps what Kafka has acknowledged."""

    def __init__(self, kafka, user_id):
        self._producer, self._topic, self._user_id = (
            Producer({"bootstrap.servers": kafka.servers}),
            kafka.inbox,
            user_id,
        )
        self.acknowledged, self._stop = set[str](), threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        for number in count():
            if self._stop.wait(0.02):
                return
            for _ in range(2):
                event = {
                    "specversion": "1.0", "id": f"order-{number}", "source": "https://shop.example", "type": "activity.tracked",
                    "time": "2026-11-01T08:00:00Z", "userid": str(self._user_id), "data": {"name": f"order-{number}"},
                }  # fmt: skip
                self._producer.produce(self._topic, orjson.dumps(event), on_delivery=self._note)
            self._producer.poll(0)

    def _note(self, error, message):
        if error is None:
            self.acknowledged.add(orjson.loads(message.value())["id"])

    def finish(self):
        self._stop.set()
        self._thread.join(10)
        assert self._producer.flush(20) == 0
        return self.acknowledged


def orders_of(database):
    """What the outbox has of the stranger, each as often as it is there."""
    with database.transaction(Role.INGESTION) as tx:
        found = tx.all(
            "select value::jsonb -> 'data' ->> 'name' as name from outbox where value::jsonb ->> 'type' = 'activity.tracked'"
        )
        assert tx.all("select reason from inbox_refused") == []
    return [row["name"] for row in found]


def landed(lake):
    table = lake.pinned("raw/events")
    return table.rows() if table else 0


@pytest.mark.timeout(300)
def test_relay_lander_and_inbox_go_on_when_postgres_was_restarted_under_them(database, server, lake, kafka, running):
    kafka.prepare(BUCKETS, 1)
    writers, stranger = Patient(database, pause=0.02), Stranger(kafka, add_user(database))
    parts = {work.__name__: running(work) for work in (relay, land, take_in)}
    for how in RESTARTS:
        before = landed(lake), len(orders_of(database))
        assert wait_until(lambda: landed(lake) > before[0] and len(orders_of(database)) > before[1])  # noqa: B023 (asked at once)
        server.restart(how)
    before = landed(lake)
    assert wait_until(lambda: landed(lake) > before)
    accepted, orders = writers.finish(), stranger.finish()
    assert wait_until(lambda: orders <= set(orders_of(database)))
    assert {name for name, part in parts.items() if part.is_alive()} == set(parts)  # the same processes all the while
    running.kill()
    taken_in = orders_of(database)
    assert len(taken_in) == len(set(taken_in))
    assert_everything_lands_by_kafka(database, running, accepted)

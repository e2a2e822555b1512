"""kill -9 at each step of sending webhooks: each message comes, at least once and always under the same id, and what was given up is listed."""

import multiprocessing
import signal
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from focusflow import clock, webhooks
from focusflow.database.outbox import append, event
from focusflow.database.rows import insert_row
from focusflow.database.session import Database, Role
from focusflow.database.tables import webhook_endpoints
from focusflow.encryption import encrypt
from focusflow.identity import new_id
from ingestion.outbox.sequencer import sequence_once
from ingestion.webhooks.fan_out import FanOut
from ingestion.webhooks.sender import LEASE, PAUSES, WebhookSender
from tests.faults.points import WEBHOOKS, Point
from tests.faults.webhook_sender import KEY, Hasty, send, send_until
from tests.receiver import Receiver

MESSAGES = 3
TASK = {"title": "A task", "priority": "medium", "status": "pending", "created_at": "2026-11-01T08:00:00Z"}


@dataclass
class Endpoint:
    """A webhook of a user, and the time, which goes on as the test wants."""

    database: Database
    url: str
    home: str
    user: UUID
    receiver: Receiver
    id: UUID = field(default_factory=new_id)
    now: datetime = field(default_factory=lambda: clock.now() + timedelta(minutes=1))

    def open(self) -> None:
        FanOut(self.database).drain()
        secret = encrypt(KEY, webhooks.PURPOSE, self.user, webhooks.new_secret())
        url = self.receiver.url(f"/{self.id.hex}")
        row = {"id": self.id, "url": url, "event_types": ["task.created"], "secret": secret}
        with self.database.transaction(Role.API, self.user) as tx:
            insert_row(tx, webhook_endpoints, row)

    def happen(self) -> set[str]:
        """Something happens. Returns the ids of the messages about it."""
        with self.database.transaction(Role.API, self.user) as tx:
            common: dict[str, Any] = {"user_id": self.user, "timezone": "UTC", "version": 1, "recorded_at": tx.now}
            made = [event("task.created", subject=new_id(), data=TASK, **common) for _ in range(MESSAGES)]
            append(tx, made)
        while sequence_once(self.database):
            pass
        return {str(each.id) for each in made}

    def send(self, after: timedelta = timedelta(0)) -> None:
        self.now += after
        send(self.url, self.home, self.now)

    def send_killed(self, point: Point, sender_of: type[WebhookSender] = WebhookSender) -> None:
        """A sender runs until it is killed."""
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(["tests.faults.webhook_sender"])
        process = processes.Process(target=send_until, args=(self.url, self.home, self.now, point, sender_of))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, f"it does not come to {point}"

    def came(self) -> dict[str, list[bytes]]:
        """The bodies that came, by id."""
        found: dict[str, list[bytes]] = defaultdict(list)
        for headers, body in self.receiver.at(f"/{self.id.hex}"):
            found[headers["webhook-id"]].append(body)
        return found

    def states(self) -> list[str]:
        with self.database.transaction(Role.REPORTING) as tx:
            rows = tx.all("select status from webhook_deliveries where endpoint_id = %(id)s", {"id": self.id})
        return [row["status"] for row in rows]


@pytest.fixture
def endpoint(database, database_url, user_id, receiver, tmp_path):
    opened = Endpoint(database, database_url, str(tmp_path), user_id, receiver)
    opened.open()
    return opened


@pytest.mark.parametrize("point", WEBHOOKS, ids=lambda point: f"{point.when} {point.where.rpartition(':')[2]}")
def test_each_message_comes_at_least_once_under_one_id_wherever_the_sender_is_killed(endpoint, point):
    expected = endpoint.happen()
    endpoint.send_killed(point)
    endpoint.send()
    endpoint.send(after=2 * LEASE)
    found = endpoint.came()
    assert found.keys() == expected
    assert all(len(set(bodies)) == 1 for bodies in found.values())
    assert sum(map(len, found.values())) <= MESSAGES + 1  # only what was on its way may come twice
    assert endpoint.states() == ["delivered"] * MESSAGES


def test_a_message_is_given_up_and_listed_even_if_an_attempt_was_killed(endpoint, receiver):
    receiver.answer[f"/{endpoint.id.hex}"] = (500, {})
    expected = endpoint.happen()
    endpoint.send_killed(next(each for each in WEBHOOKS if each.where.endswith("_record")))
    for pause in (*PAUSES, timedelta(0)):
        for _ in range(MESSAGES):  # after a failure the endpoint is left alone for an hour at most
            endpoint.send(after=timedelta(hours=1) + 2 * LEASE)
        endpoint.now += pause
    assert endpoint.states() == ["dead"] * MESSAGES
    assert endpoint.came().keys() == expected


def test_the_kills_find_a_sender_that_writes_down_before_it_sends(endpoint):
    expected = endpoint.happen()
    endpoint.send_killed(Point("focusflow.outbound:OutboundClient.request", "before"), Hasty)
    endpoint.send(after=2 * LEASE)
    assert endpoint.came().keys() < expected

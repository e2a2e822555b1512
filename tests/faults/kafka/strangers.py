"""Producers that know nothing of us, and what of theirs came in."""

import threading
from itertools import count

import orjson
from confluent_kafka import Producer

from focusflow.database.session import Role


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

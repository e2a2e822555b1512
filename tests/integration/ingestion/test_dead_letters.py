"""Letters of one partition that the broker does not take hold up no other partition, and make room for those behind them."""

from datetime import timedelta

import pytest

from focusflow.database.session import Role
from ingestion.kafka.inbox import Inbox


class Picky:
    """A broker that takes everything but what has this value."""

    def __init__(self, bad):
        self.bad, self.taken = bad, []

    def send(self, messages):
        counts = {}
        for partition, dead_letters in messages.items():
            values = [letter.value for letter in dead_letters]
            counts[partition] = values.index(self.bad) if self.bad in values else len(values)
            self.taken += values[: counts[partition]]
        self.acknowledged = lambda: counts
        return self

    def close(self):
        """Nothing is open."""


@pytest.fixture
def refuse(database):
    def refused(partition, value, count=1):
        with database.transaction(Role.INGESTION) as tx:
            tx.run("insert into inbox_position values (%(p)s, 0) on conflict do nothing", {"p": partition})
            tx.run(
                "insert into inbox_refused (partition, kafka_offset, received_at, next_attempt_at, reason, value)"
                " select %(p)s, n, %(at)s, %(at)s, 'bad', %(value)s from generate_series(1, %(count)s) as n"
                " on conflict do nothing",
                {"p": partition, "at": tx.now - timedelta(hours=1 - partition / 10), "value": value, "count": count},
            )

    return refused


def test_a_thousand_letters_that_nobody_takes_hold_up_no_other_partition(database, refuse):
    refuse(0, b"bad", 1001)
    refuse(1, b"good")
    broker = Picky(b"bad")
    assert Inbox(database).repeat_refused(broker) == 1
    assert broker.taken == [b"good"]
    with database.transaction(Role.INGESTION) as tx:
        rows = tx.all("select attempts, count(*) as rows from inbox_refused where partition = 0 group by 1 order by 1")
    assert [(row["attempts"], row["rows"]) for row in rows] == [(0, 1000), (1, 1)]
    assert Inbox(database).repeat_refused(broker) == 0  # nothing was taken: the broker may be away
    with database.transaction(Role.INGESTION) as tx:
        assert tx.one("select count(*) as tried from inbox_refused where attempts > 0") == {"tried": 1}

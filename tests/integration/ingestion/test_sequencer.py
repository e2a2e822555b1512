"""Every committed event gets one place, whatever the order of the commits."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise

import pytest

from focusflow.database.session import Role
from ingestion.outbox.sequencer import sequence_once
from tests.integration.ingestion.conftest import append_events, write_events


class BySequence:
    """The poller that the product uses: place what is committed, read by place."""

    def poll(self, database):
        sequence_once(database)
        with database.transaction(Role.INGESTION) as tx:
            return [str(row["event_id"]) for row in tx.all("select event_id from outbox where log_offset is not null")]


class ByHighestId:
    """The obvious poller: everything above the highest id seen so far."""

    def __init__(self):
        self.last, self.seen = 0, []

    def poll(self, database):
        with database.transaction(Role.INGESTION) as tx:
            rows = tx.all("select id, event_id from outbox where id > %(last)s order by id", {"last": self.last})
        self.last = max([self.last, *(row["id"] for row in rows)])
        self.seen += [str(row["event_id"]) for row in rows]
        return self.seen


def polled_around_a_late_commit(database, user_id, poller):
    """One transaction takes its id first and commits last; another comes in between and is polled."""
    with database.transaction(Role.API, user_id) as slow:
        late = append_events(slow, user_id)
        slow.flush()
        early = write_events(database, user_id)
        poller.poll(database)
    return {*late, *early}, set(poller.poll(database))


def test_what_commits_late_is_not_lost(database, user_id):
    written, polled = polled_around_a_late_commit(database, user_id, BySequence())
    assert written <= polled


def test_polling_by_the_highest_id_would_lose_what_commits_late(database, user_id):
    written, polled = polled_around_a_late_commit(database, user_id, ByHighestId())
    assert len(written - polled) == 1


def places(database):
    with database.transaction(Role.INGESTION) as tx:
        rows = tx.all(
            "select bucket, log_offset, id from outbox where log_offset is not null order by bucket, log_offset"
        )
        heads = {row["bucket"]: row["next"] for row in tx.all("select bucket, next from outbox_head")}
    return rows, heads


def test_places_are_dense_under_many_writers_and_two_sequencers(database, users):
    done = threading.Event()

    def write(user_id):
        for count in range(1, 41):
            write_events(database, user_id, count % 4 + 1)

    def sequence():
        while sequence_once(database, 50) or not done.is_set():
            pass

    with ThreadPoolExecutor(len(users) + 2) as threads:
        sequencers = [threads.submit(sequence) for _ in range(2)]
        writers = [threads.submit(write, user_id) for user_id in users]
        wait(writers, 60)
        done.set()
        for each in [*writers, *sequencers]:
            each.result(60)
    rows, heads = places(database)
    assert sum(heads.values()) == len(rows) >= len(users) * 100
    expected = [(bucket, offset) for bucket, head in sorted(heads.items()) for offset in range(head)]
    assert [(row["bucket"], row["log_offset"]) for row in rows] == expected


def test_what_is_placed_together_keeps_its_order(database, users):
    write_events(database, users[0], 200)
    _, before = places(database)
    sequence_once(database)
    rows, _ = places(database)
    added = [row for row in rows if row["log_offset"] >= before[row["bucket"]]]
    assert len(added) == 200
    assert all(one["id"] < other["id"] for one, other in pairwise(added))


def test_a_place_once_given_stays(database, users):
    write_events(database, users[0], 20)
    sequence_once(database)
    rows, _ = places(database)
    write_events(database, users[1], 20)
    sequence_once(database)
    assert [row for row in places(database)[0] if row in rows] == rows


def test_nothing_to_place_writes_nothing(database):
    while sequence_once(database):
        pass
    with database.transaction(Role.INGESTION) as tx:
        before = tx.one("select pg_current_wal_insert_lsn() as at")
        assert sequence_once(database) == 0
        assert tx.one("select pg_current_wal_insert_lsn() as at") == before


@pytest.mark.parametrize("limit", [1, 7])
def test_no_more_than_the_limit_is_placed_at_once(database, users, limit):
    write_events(database, users[0], 10)
    assert sequence_once(database, limit) == limit

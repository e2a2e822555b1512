"""What follows lands once, as it came; what does not follow is refused."""

import threading
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest

from focusflow.errors import Unavailable
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, CommitConflict, show
from ingestion.landing import lander as module
from ingestion.landing.lander import Lander, following, raw_rows
from ingestion.outbox.source import PositionLost, Run
from tests.integration.landing.conftest import SourceThat


def landed(lake):
    connection = duckdb_session().connection
    show(connection, [lake.open(RAW_EVENTS)])
    return connection.execute("select bucket, log_offset, value from raw.events order by bucket, log_offset").fetchall()


def everything(log):
    return [(bucket, offset, value) for bucket, values in log.events.items() for offset, value in enumerate(values)]


def drain(lander, log):
    counts = [lander.land_once(log) for _ in range(100)]
    assert counts[-1] == 0
    return sum(counts)


def test_what_lands_is_the_log(lake, log):
    assert drain(Lander(lake, [0, 1], rows=30), log) == 200
    assert landed(lake) == everything(log)


def test_a_new_lander_goes_on_where_the_last_one_stood(lake, log):
    Lander(lake, [0, 1], rows=30).land_once(log)
    drain(Lander(lake, [0, 1], rows=30), log)
    assert landed(lake) == everything(log)


def test_what_is_sent_again_is_dropped(lake, log):
    log.resent = 7
    drain(Lander(lake, [0, 1], rows=30), log)
    assert landed(lake) == everything(log)


def test_a_resend_in_the_middle_of_a_run_is_dropped():
    assert following(Run(0, [3, 4, 5, 4, 5, 6], [b"3", b"4", b"5", b"x", b"x", b"6"]), 4).values == [b"4", b"5", b"6"]


def test_a_gap_stops_the_lander_and_is_named():
    with pytest.raises(PositionLost, match=r"Events are missing: 5 to 8 of bucket 3"):
        following(Run(3, [4, 9], [b"", b""]), 4)


def test_a_gap_lands_nothing_of_its_batch(lake, log):
    def with_a_hole(positions, limit):
        return [*log.read({0: positions[0]}, limit), Run(1, [0, 2], [b"", b""])]

    with pytest.raises(PositionLost):
        Lander(lake, [0, 1], rows=30).land_once(SourceThat(with_a_hole))
    assert landed(lake) == []


def test_of_two_landers_at_one_position_the_second_goes_on_behind_the_first(lake, log):
    first, second = Lander(lake, [0, 1], rows=30), Lander(lake, [0, 1], rows=30)
    assert [first.land_once(log), second.land_once(log), first.land_once(log)] == [60, 60, 60]
    drain(second, log)
    assert landed(lake) == everything(log)


def test_a_handle_from_before_the_other_landers_commit_is_refused(lake, log):
    zombie = lake.open(RAW_EVENTS)
    Lander(lake, [0, 1], rows=30).land_once(log)
    with pytest.raises(CommitConflict):
        zombie.append(raw_rows(duckdb_session(), [Run(0, [0], [b"{}"])]), positions={"bucket-0": 1})


def test_landers_side_by_side_double_nothing(lake, log):
    landers = [Lander(lake, [0, 1], rows=3) for _ in range(3)]
    counts = [0] * len(landers)

    def work(place):
        for _ in range(200):
            with suppress(Unavailable):  # one may lose often: who has just won need not open the table again
                counts[place] += landers[place].land_once(log)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(landers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 200
    assert landed(lake) == everything(log)


def test_a_lander_that_always_meets_a_conflict_lets_the_others_be(lake, log, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    lander = Lander(lake, [0, 1], rows=30)

    def while_another_lands(positions, limit):
        Lander(lake, [0, 1], rows=1).land_once(log)
        return log.read(positions, limit)

    with pytest.raises(Unavailable):
        lander.land_once(SourceThat(while_another_lands))


def test_what_another_lander_has_taken_is_not_called_missing(lake, log):
    behind = Lander(lake, [0, 1], rows=30)
    drain(Lander(lake, [0, 1], rows=30), log)

    def without_its_beginning(positions, limit):
        if positions[0] < 100:
            raise PositionLost("the log begins later")
        return log.read(positions, limit)

    assert behind.land_once(SourceThat(without_its_beginning)) == 0


def test_a_log_that_ends_before_the_lake_is_refused(lake, log):
    lander = Lander(lake, [0, 1], rows=100)
    drain(lander, log)
    log.events[1] = log.events[1][:40]
    with pytest.raises(PositionLost, match=r"older than the lake: bucket 1 ends at 40, and 100 events"):
        lander.check(log)


def test_the_envelope_is_read_beside_the_bytes():
    value = '{"id":"ü\\u0000","type":"task.created","recordedtime":"2026-03-02T01:00:00+02:00","localdate":"2026-03-01"}'.encode()
    row = raw_rows(duckdb_session(), [Run(2, [5], [value])]).to_pylist()[0]
    assert row == {
        "bucket": 2,
        "log_offset": 5,
        "id": "ü\0",
        "type": "task.created",
        "recorded_time": datetime(2026, 3, 1, 23, tzinfo=UTC),
        "local_date": date(2026, 3, 1),
        "value": value,
    }


UNREADABLE = [
    b"", b"\0", b"\xff\xfe", b"{", b"[]", b'"text"', b"NaN", b"[" * 100_000, b'{"id":null}', b'{"type":"\\ud800"}',
    b'{"recordedtime":"infinity","localdate":"infinity"}', b'{"recordedtime":"99999-01-01T00:00:00Z","localdate":5}',
]  # fmt: skip


def test_what_cannot_be_read_lands_as_it_came(lake, log):
    log.events[0][50 : 50 + len(UNREADABLE)] = UNREADABLE
    drain(Lander(lake, [0, 1], rows=100), log)
    connection = duckdb_session().connection
    show(connection, [lake.open(RAW_EVENTS)])
    query = f"""select value, recorded_time, local_date from raw.events
                where bucket = 0 and log_offset between 50 and {49 + len(UNREADABLE)} order by log_offset"""
    assert connection.execute(query).fetchall() == [(value, None, None) for value in UNREADABLE]
    assert len(landed(lake)) == 200

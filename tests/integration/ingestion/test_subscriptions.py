"""Subscriptions to calendars that a web server on loopback publishes."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from focusflow.outbound import OutboundPolicy
from ingestion.calendars.sync import AT_ONCE
from tests.conftest import add_user
from tests.integration.ingestion.calendar_server import (
    Page,
    Publisher,
    ask_again,
    connect,
    event,
    events_of,
    outbox_events_of,
    publisher,
    row_of,
    syncer,
)
from tests.sizes import dice, sized

FIRST, LONG_AGO = "20261201T090000Z", "20240301T090000Z"


@pytest.fixture(scope="module")
def web() -> Iterator[Publisher]:
    with publisher() as server:
        yield server


@pytest.fixture
def user(database):
    return add_user(database)


def titles(database, user):
    return [row["title"] for row in events_of(database, user)]


def test_a_subscription_becomes_appointments_with_their_own_dates(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), *event("b", LONG_AGO, "TRANSP:TRANSPARENT", title="Fair")))
    assert syncer(database).run() == {
        "synchronized": 1,
        "failed": 0,
        "added": 2,
        "changed": 0,
        "removed": 0,
        "events": 2,
    }
    fair, meeting = events_of(database, user)
    assert (fair["title"], fair["busy"], meeting["start_at"]) == ("Fair", False, datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert {meeting["source"], fair["source"]} == {"ics"}
    assert meeting["calendar_id"] == f"ics:{id_}"
    assert next((each["type"], each["localdate"], each["actor"]) for each in outbox_events_of(database, user)) == (
        "calendar.created", "2024-03-01", "system",
    )  # fmt: skip
    row = row_of(database, user, id_)
    assert (row["problem"], row["failures"], row["claimed_at"]) == (None, 0, None)
    assert row["next_sync_at"] > row["last_synced_at"] + timedelta(minutes=14)


def test_changes_and_removals_follow_and_a_repeated_run_writes_nothing(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), *event("b"), path="/c.ics"))
    syncer(database).run()
    web.publish(*event("a", title="Moved"), *event("c", title="New"), path="/c.ics")
    ask_again(database, user, id_)
    assert syncer(database).run() | {"failed": 0} == {
        "synchronized": 1, "failed": 0, "added": 1, "changed": 1, "removed": 1, "events": 2,
    }  # fmt: skip
    assert sorted(titles(database, user)) == ["Moved", "New"]
    told = len(outbox_events_of(database, user))
    for _ in range(2):
        ask_again(database, user, id_)
        syncer(database).run()
    assert len(outbox_events_of(database, user)) == told
    assert web.requests[-1][1]["if-none-match"]
    changed = next(each for each in outbox_events_of(database, user) if each["type"] == "calendar.updated")
    assert (changed["before"], changed["entityversion"]) == ({"title": "Meeting"}, 2)


def test_the_same_text_without_an_etag_is_not_read_twice(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), path="/d.ics", has_etag=False))
    syncer(database).run()
    ask_again(database, user, id_)
    assert syncer(database).run()["changed"] == 0
    assert row_of(database, user, id_)["version"] == 3


def test_what_is_unreadable_or_cut_off_removes_nothing(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), *event("b", title="Kept"), *event("c"), path="/e.ics"))
    syncer(database).run()
    broken = [line.replace("DTSTART:", "DTSTART:x") for line in event("b")]
    web.publish(*event("a"), *broken, path="/e.ics")
    ask_again(database, user, id_)
    syncer(database).run()
    assert titles(database, user) == ["Kept", "Meeting"]
    row = row_of(database, user, id_)
    assert row["findings_count"] == 1
    assert "DTSTART" in row["findings"][0]["reason"]
    whole = web.pages["/e.ics"].body
    web.serve("/e.ics", Page(whole[: whole.index(b"UID:b")]))
    ask_again(database, user, id_)
    syncer(database).run()
    assert titles(database, user) == ["Kept", "Meeting"]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (Page(status=404), "moved or revoked"),
        (Page(status=401), "user name and password"),
        (Page(status=500), "answered with an error (500)"),
        (Page(b"<html>Sign in</html>"), "not a calendar"),
        (Page(status=429, headers={"Retry-After": "7200"}), "fewer requests"),
        (Page(status=302, headers={"Location": "http://169.254.169.254/latest"}), "private address 169.254.169.254"),
    ],
)
def test_a_failure_is_reported_and_removes_nothing(database, user, web, page, sentence):
    id_ = connect(database, user, web.publish(*event("a"), path="/f.ics"))
    syncer(database).run()
    web.serve("/f.ics", page)
    ask_again(database, user, id_)
    assert syncer(database).run()["failed"] == 1
    row = row_of(database, user, id_)
    assert sentence in row["problem"]
    assert row["failures"] == 1
    assert titles(database, user) == ["Meeting"]
    pause = row["next_sync_at"] - row["last_attempt_at"]
    assert pause >= (timedelta(hours=2) if page.status == 429 else timedelta(minutes=30))
    web.publish(*event("a"), path="/f.ics")
    ask_again(database, user, id_)
    syncer(database).run()
    row = row_of(database, user, id_)
    assert (row["problem"], row["failures"]) == (None, 0)


def test_private_networks_are_closed_unless_an_operator_opens_them(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), path="/g.ics"))
    before = len(web.requests)
    syncer(database, OutboundPolicy()).run()
    assert "private address" in row_of(database, user, id_)["problem"]
    assert len(web.requests) == before


def test_slow_servers_hold_up_nobody(database, web):
    """More servers than there are threads hang until all others are through."""
    url = web.serve("/slow.ics", Page(is_slow=True))
    slow = [(user := add_user(database), connect(database, user, url, failures=1)) for _ in range(AT_ONCE + 1)]
    url = web.publish(*event("a"), path="/h.ics")
    quick = [(user := add_user(database), connect(database, user, url)) for _ in range(12)]
    tried: list[int] = []

    def release() -> None:
        while not all(row_of(database, *each)["last_synced_at"] for each in quick):
            time.sleep(0.05)
        tried.append(sum(row_of(database, *each)["last_attempt_at"] is not None for each in slow))
        web.closing.set()

    with ThreadPoolExecutor(1) as pool:
        released = pool.submit(release)
        counts = syncer(database).run()
        released.result(60)
    web.closing.clear()
    assert (counts["synchronized"], counts["failed"], tried) == (12, AT_ONCE + 1, [0])


def test_a_removed_connection_takes_its_appointments_along(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), path="/i.ics"))
    syncer(database).run()
    ask_again(database, user, id_, deleted_at=None)
    syncer(database).run()
    assert events_of(database, user) == []
    assert [each["type"] for each in outbox_events_of(database, user)] == ["calendar.created", "calendar.deleted"]


def test_an_interrupted_run_is_repeated_by_another(database, user, web):
    id_ = connect(database, user, web.publish(*event("a"), path="/j.ics"))
    sync = syncer(database)
    ask_again(database, user, id_, claimed_at=None)
    assert sync.run()["synchronized"] == 0, "somebody is at work on it"
    ask_again(database, user, id_, claimed_at="2026-01-01")
    assert sync.run()["synchronized"] == 1


BROKEN = (
    "RRULE:FREQ=SECONDLY", "RRULE:FREQ=DAILY;INTERVAL=0", "RRULE:FREQ=DAILY;BYHOUR=1,2;BYMINUTE=1,2,3;BYSECOND=1,2,3,4,5,6",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\nEXDATE:20261201T090000Z", "RRULE:;;;", "DTSTART;TZID=Nowhere/At All:20261201T090000",
    "ATTENDEE;CN=\"x:mailto:a", "DURATION:P-1Y", "BEGIN:VALARM", "END:VCALENDAR", "RDATE:" + ",".join(["20261201T090000Z"] * 6000),
    "SUMMARY:" + "x" * 5000, "UID:a", "DTEND:99999999T999999Z", "\x00\x01", "EXDATE;TZID=:,,,", "RECURRENCE-ID:20270101T000000Z",
)  # fmt: skip


def test_a_thousand_broken_calendars_crash_nothing_and_say_what_was_skipped(database, user, web):
    """Each has one good appointment, the first; what comes after it is damaged in some way."""
    draw, count = dice(7), sized(60, 1000)
    id_ = connect(database, user, web.publish(path="/k.ics"))
    sync = syncer(database)
    for _ in range(count):
        lines = event("good", title="Good") + _damaged(draw)
        web.serve("/k.ics", Page("\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]).encode("utf-8", "replace")))
        ask_again(database, user, id_)
        assert sync.run()["synchronized"] == 1, lines
        row = row_of(database, user, id_)
        assert "Good" in titles(database, user), lines
        assert row["findings_count"] or len(events_of(database, user)) >= 2, lines
        assert row["duration_ms"] < 20_000


def _damaged(draw: random.Random) -> list[str]:
    lines = event("bad", FIRST, draw.choice(BROKEN), title="Bad")
    for _ in range(draw.randrange(4)):
        match draw.randrange(4):
            case 0:
                del lines[draw.randrange(len(lines))]
            case 1:
                lines.insert(draw.randrange(len(lines)), draw.choice(BROKEN))
            case 2:
                place = draw.randrange(len(lines))
                lines[place] = lines[place][: draw.randrange(len(lines[place]) + 1)]
            case _:
                place = draw.randrange(len(lines))
                lines[place] = "".join(draw.sample(lines[place], len(lines[place])))
    return lines

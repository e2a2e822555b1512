"""Two-way synchronization with a real Radicale server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from focusflow.contracts.calendar import PLAN_CALENDAR
from tests.conftest import add_user
from tests.integration.ingestion.caldav_account import Account, there
from tests.integration.ingestion.calendar_server import connect, event, events_of, row_of, syncer
from tests.integration.ingestion.radicale_server import USER, Radicale, radicale

START = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Radicale]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture
def user(database):
    return add_user(database)


@pytest.fixture
def account(database, server, user):
    return Account(database, server, user, own_calendar="work", plan_calendar="plans")


def test_appointments_of_both_sides_are_on_both_sides_after_one_round(account):
    account.work.put("a.ics", *event("a", title="Theirs"))
    mine = account.add()
    counts = account.sync()
    assert (counts["added"], counts["sent"]) == (1, 1)
    assert set(account.here) == {"Theirs", "Mine"}
    assert there(account.work) == ["Mine", "Theirs"]
    assert f"{mine}.ics" in account.work.contents()
    assert (account.here["Theirs"]["source"], account.here["Mine"]["source"]) == ("caldav", "manual")
    row = row_of(account.database, account.user, account.id)
    assert {each["name"] for each in row["calendars"]} >= {f"work-{account.number}", f"plans-{account.number}"}
    counts = account.sync()
    assert {counts[name] for name in ("added", "changed", "removed", "sent", "conflicts")} == {0}


def test_changes_and_deletions_follow_in_both_directions(account):
    for name in "abc":
        account.work.put(f"{name}.ics", *event(name, title=name))
    account.sync()
    account.work.put("a.ics", *event("a", "20261202T100000Z", title="a later"))
    account.change(account.here["b"]["id"], title="b here")
    account.remove(account.here["c"]["id"])
    account.sync()
    assert set(account.here) == {"a later", "b here"}
    assert there(account.work) == ["a later", "b here"]
    account.work.delete("a.ics")
    account.sync()
    assert (set(account.here), there(account.work)) == ({"b here"}, ["b here"])
    assert account.conflicts == []


def test_what_a_resource_holds_beside_is_kept(account):
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:x", "END:VALARM"]
    account.work.put("a.ics", *event("a", "20261201T090000Z", "DESCRIPTION:Bring the slides", "X-COLOR:red", *alarm))
    account.sync()
    account.change(account.here["Meeting"]["id"], title="Renamed")
    account.sync()
    text = account.work.contents()["a.ics"]
    assert "SUMMARY:Renamed" in text
    assert all(kept in text for kept in ("Bring the slides", "X-COLOR:red", "TRIGGER:-PT5M"))


def test_changes_of_different_fields_are_merged_and_of_the_same_field_the_later_wins(account):
    account.work.put("a.ics", *event("a", title="First"))
    account.work.put("b.ics", *event("b", title="Second"))
    account.sync()
    account.change(account.here["First"]["id"], title="Mine")
    account.work.put("a.ics", *event("a", "20261201T090000Z", "LOCATION:Room 2", title="First"))
    account.change(account.here["Second"]["id"], title="Mine too")
    account.work.put("b.ics", *event("b", "20261201T090000Z", "LAST-MODIFIED:20990101T000000Z", title="Theirs"))
    account.sync()
    assert account.here["Mine"]["location"] == "Room 2"
    assert set(account.here) == {"Mine", "Theirs"}
    assert there(account.work) == ["Mine", "Theirs"]
    (conflict,) = account.conflicts
    assert (conflict["winner"], conflict["lost"]) == ("there", {"title": "Mine too"})
    account.change(account.here["Theirs"]["id"], title="Mine again")
    account.work.put("b.ics", *event("b", "20261201T090000Z", "LAST-MODIFIED:20010101T000000Z", title="Old"))
    account.sync()
    assert (there(account.work), set(account.here)) == (["Mine", "Mine again"], {"Mine", "Mine again"})
    assert account.conflicts[-1]["lost"] == {"title": "Old"}


def test_an_edit_wins_over_a_deletion(account):
    account.work.put("a.ics", *event("a", title="Deleted here"))
    account.work.put("b.ics", *event("b", title="Deleted there"))
    account.sync()
    account.remove(account.here["Deleted here"]["id"])
    account.work.put("a.ics", *event("a", title="Edited there"))
    account.change(account.here["Deleted there"]["id"], title="Edited here")
    account.work.delete("b.ics")
    account.sync()
    assert set(account.here) == {"Edited there", "Edited here"}
    assert there(account.work) == ["Edited here", "Edited there"]
    assert sorted(each["winner"] for each in account.conflicts) == ["here", "there"]


def test_occurrences_of_a_series_are_moved_and_deleted_one_by_one(account):
    lines = ["BEGIN:VEVENT", "UID:s", "DTSTART;TZID=America/New_York:20261201T090000", "DURATION:PT1H", "SUMMARY:Stand-up", "RRULE:FREQ=DAILY;COUNT=4", "END:VEVENT"]  # fmt: skip
    account.work.put("s.ics", *lines)
    account.sync()
    first, second, third, fourth = events_of(account.database, account.user)
    account.change(
        second["id"],
        title="Moved",
        start_at=second["start_at"] + timedelta(hours=2),
        end_at=second["end_at"] + timedelta(hours=2),
    )
    account.remove(third["id"])
    account.sync()
    text = account.work.contents()["s.ics"]
    assert "RECURRENCE-ID;TZID=America/New_York:20261202T090000" in text
    assert "EXDATE;TZID=America/New_York:20261203T090000" in text
    assert [row["id"] for row in events_of(account.database, account.user)] == [first["id"], second["id"], fourth["id"]]
    account.work.delete("s.ics")
    account.sync()
    assert account.here == {}


def test_times_that_a_series_leaves_out_or_adds_go_both_ways(account):
    id_ = account.add(title="Weekly", rrule="FREQ=WEEKLY;COUNT=3")
    account.sync()
    ((name, text),) = account.work.contents().items()
    assert "RRULE:FREQ=WEEKLY;COUNT=3" in text
    account.work.http.put(
        f"{account.work.url}{name}",
        content=text.replace("RRULE:", "EXDATE;TZID=Europe/Berlin:20261208T100000\r\nRRULE:"),
        headers={"Content-Type": "text/calendar"},
    )
    account.sync()
    (row,) = events_of(account.database, account.user)
    assert (row["id"], [f"{each:%d}" for each in row["exdates"]]) == (id_, ["08"])
    account.change(id_, rdates=[row["start_at"] + timedelta(days=1)], extra_rrules=["FREQ=MONTHLY;COUNT=2"])
    account.sync()
    ((_, text),) = account.work.contents().items()
    event_lines = text.partition("BEGIN:VEVENT")[2].splitlines()
    lines = {line for line in event_lines if line.startswith(("RRULE", "RDATE", "EXDATE"))}
    assert lines == {
        "RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=MONTHLY;COUNT=2", "EXDATE;TZID=Europe/Berlin:20261208T100000",
        "RDATE;TZID=Europe/Berlin:20261202T100000",
    }  # fmt: skip
    counts = account.sync()
    assert {counts[each] for each in ("added", "changed", "removed", "sent")} == {0}


def test_plans_go_to_a_calendar_of_their_own_and_are_no_meetings(account):
    plan = account.add(title="Write", calendar_id=PLAN_CALENDAR, external_id="p/0")
    account.plans.put("x.ics", *event("x", title="Of somebody else"))
    account.sync()
    assert there(account.plans) == ["Of somebody else", "Write"]
    assert there(account.work) == []
    assert set(account.here) == {"Write"}
    account.plans.put(f"{plan}.ics", *event(str(plan), "20261203T090000Z", title="Write"))
    account.sync()
    assert (account.here["Write"]["start_at"].day, account.here["Write"]["calendar_id"]) == (3, PLAN_CALENDAR)
    account.remove(plan)
    account.sync()
    assert there(account.plans) == ["Of somebody else"]


def test_a_calendar_that_is_no_longer_read_takes_its_appointments_along(account):
    account.work.put("a.ics", *event("a", title="Theirs"))
    account.add(title="Mine")
    account.sync()
    with account.database.owner() as connection:
        connection.execute(
            "update calendar_connections set selected = '{}', own_calendar = null where id = %s", [account.id]
        )
    account.sync()
    assert set(account.here) == {"Mine"}
    assert there(account.work) == ["Mine", "Theirs"]


def test_a_wrong_password_is_reported(database, server, user):
    id_ = connect(database, user, server.address, "caldav", username=USER, password="wrong")
    assert syncer(database).run()["failed"] == 1
    assert "user name and password" in row_of(database, user, id_)["problem"]


def test_what_is_in_two_resources_under_one_id_is_kept_apart(account, monkeypatch):
    account.work.put("a.ics", *event("same", title="One"))
    account.plans.put("a.ics", *event("same", title="Two"))
    with account.database.owner() as connection:
        connection.execute(
            "update calendar_connections set selected = %s, plan_calendar = null where id = %s",
            [[account.work.url, account.plans.url], account.id],
        )
    account.sync()
    assert set(account.here) == {"One", "Two"}


def test_a_series_with_an_exception_keeps_its_past_in_sync(account):
    """What took place longer ago than is written out stays."""
    lines = ["BEGIN:VEVENT", "UID:s", "DTSTART:20240101T090000Z", "DURATION:PT1H", "SUMMARY:Daily", "RRULE:FREQ=WEEKLY", "EXDATE:20261130T090000Z", "END:VEVENT"]  # fmt: skip
    account.work.put("s.ics", *lines)
    account.sync()
    found = events_of(account.database, account.user)
    assert 90 < len(found) < 110
    old = found[0]
    with account.database.owner() as connection:
        connection.execute(
            "update calendar_events set start_at = start_at - interval '1 year', end_at = end_at - interval '1 year' where id = %s",
            [old["id"]],
        )
    account.work.put("s.ics", *[line.replace("Daily", "Renamed") for line in lines])
    account.sync()
    assert old["id"] in {row["id"] for row in events_of(account.database, account.user)}


@pytest.mark.parametrize("days", [-40, 900])
def test_an_occurrence_can_be_moved_far_away_from_its_series(account, days):
    lines = ["BEGIN:VEVENT", "UID:s", "DTSTART:20261201T090000Z", "DURATION:PT1H", "SUMMARY:Series", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261202T090000Z", "END:VEVENT"]  # fmt: skip
    account.work.put("s.ics", *lines)
    account.sync()
    last = events_of(account.database, account.user)[-1]
    away = {name: last[name] + timedelta(days=days) for name in ("start_at", "end_at")}
    account.change(last["id"], title="Moved", **away)
    account.sync()
    account.sync()
    assert account.here["Moved"]["start_at"] == away["start_at"]
    assert there(account.work) == ["Moved", "Series"]

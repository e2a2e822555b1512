"""Two-way synchronization with Microsoft 365, over a server that speaks the protocol of Microsoft Graph."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from focusflow.clock import zone
from focusflow.outbound import OutboundClient
from tests.conftest import add_user
from tests.integration.ingestion.calendar_providers import Answered, Outlook, running
from tests.integration.ingestion.calendar_server import events_of, row_of
from tests.integration.ingestion.provider_account import ProviderAccount
from tests.integration.ingestion.test_calendar_provider_faults import Lost
from tests.integration.ingestion.test_google_calendar import nothing_happened, titles

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def server() -> Iterator[Outlook]:
    with running(Outlook) as found:
        yield found


@pytest.fixture
def account(database, server):
    return ProviderAccount(database, server, add_user(database))


def the_one(server: Outlook) -> dict[str, Any]:
    (event,) = [each for each in server.events["work"].values() if not each.get("deleted")]
    return event


def test_appointments_of_both_sides_are_on_both_sides_after_one_round(account, server):
    for number in range(8):
        server.add("work", f"Theirs {number}", START, START + HOUR)
    account.add(location="Room 2", busy=False)
    counts = account.sync()
    assert (counts["added"], counts["sent"]) == (8, 1)
    (written,) = [each for each in server.events["work"].values() if each["subject"] == "Mine"]
    assert (written["location"], written["showAs"]) == ({"displayName": "Room 2"}, "free")
    assert {row["source"] for row in events_of(account.database, account.user)} == {"outlook", "manual"}
    assert nothing_happened(account.sync())


def test_changes_and_deletions_follow_in_both_directions(account, server):
    ids = {name: server.add("work", name, START, START + HOUR, bodyPreview="Slides") for name in "abcd"}
    account.sync()
    server.rename("work", ids["a"], "a there")
    server.remove("work", ids["b"])
    account.change(account.here["c"]["id"], title="c here", start_at=START + HOUR, end_at=START + 2 * HOUR)
    account.remove(account.here["d"]["id"])
    account.sync()
    assert (set(account.here), titles(account)) == ({"a there", "c here"}, ["a there", "c here"])
    assert server.events["work"][ids["c"]]["bodyPreview"] == "Slides"
    assert account.shown_here() == account.shown_there()
    assert nothing_happened(account.sync())


def test_the_later_change_of_a_field_wins_and_the_other_is_kept(account, server):
    id_ = server.add("work", "Before", START, START + HOUR)
    account.sync()
    account.change(account.here["Before"]["id"], title="Mine", location="Room 2")
    server.rename("work", id_, "Theirs")
    server.events["work"][id_]["lastModifiedDateTime"] = "2099-01-01T00:00:00.0000000Z"
    account.sync()
    assert (set(account.here), titles(account)) == ({"Theirs"}, ["Theirs"])
    assert server.events["work"][id_]["location"] == {"displayName": "Room 2"}
    assert [(each["winner"], each["lost"]) for each in account.conflicts] == [("there", {"title": "Mine"})]


def test_an_edit_wins_over_a_deletion(account, server):
    ids = {name: server.add("work", name, START, START + HOUR) for name in "ab"}
    mine = account.add()
    account.sync()
    (own,) = [id_ for id_, each in server.events["work"].items() if each["subject"] == "Mine"]
    first = account.here["a"]["id"]
    account.change(first, title="a here")
    account.change(mine, title="Mine still")
    server.remove("work", ids["a"])
    server.remove("work", own)
    server.rename("work", ids["b"], "b there")
    account.remove(account.here["b"]["id"])
    account.sync()
    assert {title: row["id"] for title, row in account.here.items() if title != "b there"} == {"a here": first, "Mine still": mine}  # fmt: skip
    assert titles(account) == ["Mine still", "a here", "b there"]
    assert nothing_happened(account.sync())


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
def test_occurrences_of_a_series_are_moved_and_deleted_on_both_sides(account, server, name):
    start = START.astimezone(zone(name))
    id_ = server.add("work", "Stand-up", start, start + HOUR, "FREQ=DAILY;COUNT=6")
    assert server.events["work"][id_]["originalStartTimeZone"] in {"W. Europe Standard Time", "Eastern Standard Time"}
    server.rename("work", id_, "Planning", start + DAY)
    server.remove("work", id_, start + 2 * DAY)
    account.sync()
    assert account.shown_here() == account.shown_there()
    rows = events_of(account.database, account.user)
    account.change(rows[2]["id"], title="Moved", start_at=rows[2]["start_at"] + 2 * HOUR, end_at=rows[2]["end_at"] + 2 * HOUR)  # fmt: skip
    account.change(rows[1]["id"], title="Renamed here")
    account.remove(rows[4]["id"])
    account.sync()
    assert account.shown_here() == account.shown_there()
    assert titles(account) == ["Moved", "Renamed here", "Stand-up", "Stand-up"]
    server.rename("work", id_, "Retro", start + 4 * DAY)
    server.remove("work", id_, start)
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    server.remove("work", id_)
    account.sync()
    assert account.shown_here() == set()


def test_a_series_that_was_made_here_is_a_series_there(account, server):
    mine = account.add(title="Weekly", rrule="FREQ=WEEKLY;COUNT=3")
    account.sync()
    written = the_one(server)
    assert written["recurrence"]["pattern"]["daysOfWeek"] == ["tuesday"]
    assert written["originalStartTimeZone"] == "W. Europe Standard Time"
    account.change(mine, rrule="FREQ=WEEKLY;COUNT=5", title="Longer")
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    account.change(mine, rrule=None)
    account.sync()
    account.sync()
    assert (account.shown_here() == account.shown_there(), the_one(server)["type"]) == (True, "singleInstance")
    assert nothing_happened(account.sync())


def test_a_series_that_was_made_here_leaves_out_there_what_it_leaves_out_here(account, server):
    mine = account.add(title="Daily", rrule="FREQ=DAILY;COUNT=4", exdates=[START + DAY])
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    assert len(account.shown_there()) == 3
    account.change(mine, exdates=[START + DAY, START + 2 * DAY])
    account.sync()
    account.sync()
    assert (account.shown_here() == account.shown_there(), len(account.shown_there())) == (True, 2)
    account.change(mine, exdates=[])
    account.sync()
    (finding,) = row_of(account.database, account.user, account.id)["findings"]
    assert "do not bring back" in finding["reason"]


def test_a_rule_that_outlook_does_not_know_is_listed_and_keeps_nothing_else_from_it(account, server):
    account.add(title="Odd", rrule="FREQ=MONTHLY;BYMONTHDAY=3,17")
    account.add(title="Even", rrule="FREQ=MONTHLY;BYMONTHDAY=1")
    account.sync()
    assert {each["subject"] for each in server.events["work"].values()} == {"Even"}
    (finding,) = row_of(account.database, account.user, account.id)["findings"]
    assert "cannot follow the rule" in finding["reason"]


def test_whole_days_stay_whole_days(account, server):
    server.add("work", "Fair", datetime(2026, 12, 3, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), isAllDay=True)
    account.sync()
    fair = account.here["Fair"]
    assert (fair["all_day"], fair["start_at"]) == (True, datetime(2026, 12, 2, 23, tzinfo=UTC))
    assert fair["end_at"] - fair["start_at"] == 2 * DAY
    account.change(fair["id"], start_at=fair["start_at"] + DAY, end_at=fair["end_at"] + DAY)
    account.sync()
    written = the_one(server)
    assert (written["isAllDay"], written["start"]["dateTime"][:10], written["end"]["dateTime"][:10]) == (True, "2026-12-04", "2026-12-06")  # fmt: skip


def test_a_meeting_that_was_called_off_is_removed(account, server):
    id_ = server.add("work", "Meeting", START, START + HOUR)
    account.sync()
    server.events["work"][id_]["isCancelled"] = True
    server.rename("work", id_, "Canceled: Meeting")
    account.sync()
    assert account.here == {}


def test_a_delta_that_has_expired_begins_a_full_reading_which_keeps_what_is_outside_of_its_span(account, server):
    server.add("work", "Kept", START, START + HOUR)
    gone = server.add("work", "Gone", START, START + HOUR)
    account.add(title="Far away", start_at=START + 900 * DAY, end_at=START + 900 * DAY + HOUR)
    account.sync()
    server.remove("work", gone)
    server.expire_sync()
    account.sync()
    assert set(account.here) == {"Kept", "Far away"}
    assert nothing_happened(account.sync())


def test_too_many_requests_are_repeated_or_wait_for_the_next_synchronization(account, server):
    server.add("work", "Theirs", START, START + HOUR)
    server.too_early = [Answered(429, {}, Retry_After="0"), Answered(503, {}, Retry_After="0")]
    account.sync()
    assert set(account.here) == {"Theirs"}
    server.too_early = [Answered(429, {}, Retry_After="7200")]
    assert account.try_sync()["failed"] == 1
    row = row_of(account.database, account.user, account.id)
    assert row["next_sync_at"] - row["last_attempt_at"] >= 2 * HOUR


def test_a_renewed_access_token_brings_a_new_refresh_token(account, server):
    first = set(server.refresh_tokens)
    server.expire_access()
    account.sync()
    server.refresh_tokens -= first
    server.expire_access()
    account.sync()


def test_the_token_goes_to_the_host_of_the_provider_only(account, server):
    account.sync()
    with account.database.owner() as connection:
        connection.execute(
            "update calendar_connections set state = jsonb_set(state, '{calendars,work,delta}', '\"https://elsewhere.example.org/\"')"
        )
    assert account.try_sync()["failed"] == 1
    assert "another host" in row_of(account.database, account.user, account.id)["problem"]


def test_a_weekly_series_that_is_moved_follows_its_start(account, server):
    account.add(rrule="FREQ=WEEKLY;COUNT=4")
    account.sync()
    account.sync()
    row = account.here["Mine"]
    account.change(row["id"], start_at=row["start_at"] + 2 * DAY, end_at=row["end_at"] + 2 * DAY)
    account.sync()
    assert account.shown_here() == account.shown_there()
    assert len(account.shown_here()) == 4


def test_a_series_that_begins_off_its_rule_stays_here_with_the_reason(account, server):
    account.add(rrule="FREQ=WEEKLY;BYDAY=WE;COUNT=4", start_at=START, end_at=START + HOUR)  # a Tuesday
    account.sync()
    assert account.shown_there() == set()
    (finding,) = row_of(account.database, account.user, account.id)["findings"]
    assert "begins on a day that is none of its rule" in finding["reason"]


@pytest.mark.parametrize("is_series_gone", [True, False])
def test_an_occurrence_that_was_deleted_there_and_changed_here_is_an_appointment_of_its_own(
    account, server, is_series_gone
):
    """Even if the answer is lost: nothing that was deleted comes back, so it is written as another one, once."""
    start = START.astimezone(zone("America/New_York"))
    id_ = server.add("work", "Stand-up", start, start + HOUR, "FREQ=DAILY;COUNT=3")
    account.sync()
    changed = events_of(account.database, account.user)[1]["id"]
    account.change(changed, title="Mine")
    server.remove("work", id_, None if is_series_gone else start + DAY)
    account.client = Lost
    account.try_sync()
    account.client = OutboundClient
    account.sync()
    assert titles(account) == ["Mine"] if is_series_gone else ["Mine", "Stand-up", "Stand-up"]
    assert account.shown_here() == account.shown_there()
    assert account.here["Mine"]["id"] == changed
    account.sync()
    assert nothing_happened(account.sync())


def test_an_appointment_that_was_written_again_stays_the_same_one_here(account, server):
    id_ = server.add("work", "Theirs", START, START + HOUR)
    account.sync()
    row = account.here["Theirs"]["id"]
    account.change(row, title="Mine")
    server.remove("work", id_)
    account.sync()
    (again,) = server.series("work")
    server.rename("work", again, "Theirs, later")
    account.sync()
    assert {title: each["id"] for title, each in account.here.items()} == {"Theirs, later": row}

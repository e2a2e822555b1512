"""Two-way synchronization with Google Calendar, over a server that speaks its protocol."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from focusflow.calendar_providers import provider_of
from focusflow.clock import zone
from tests.conftest import add_user
from tests.integration.ingestion.calendar_providers import Answered, Google, running
from tests.integration.ingestion.calendar_server import events_of, row_of
from tests.integration.ingestion.provider_account import ProviderAccount

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[Google]:
    with running(Google) as found:
        yield found


@pytest.fixture
def account(database, server):
    return ProviderAccount(database, server, add_user(database))


def titles(account: ProviderAccount) -> list[str]:
    return sorted(title for title, _, _ in account.shown_there())


def nothing_happened(counts: dict[str, int]) -> bool:
    return {counts[name] for name in ("added", "changed", "removed", "sent", "conflicts")} == {0}


def test_appointments_of_both_sides_are_on_both_sides_after_one_round(account, server):
    for number in range(8):
        server.add("work", f"Theirs {number}", START, START + HOUR)
    mine = account.add(location="Room 2", busy=False, attendees=["Grace"])
    counts = account.sync()
    assert (counts["added"], counts["sent"], counts["synchronized"]) == (8, 1, 1)
    written = server.events["work"][mine.hex]
    assert (written["summary"], written["location"], written["transparency"]) == ("Mine", "Room 2", "transparent")
    assert {row["source"] for row in events_of(account.database, account.user)} == {"google", "manual"}
    assert account.here["Mine"]["attendees"] == ["Grace"]
    assert nothing_happened(account.sync())


def test_changes_and_deletions_follow_in_both_directions(account, server):
    ids = {name: server.add("work", name, START, START + HOUR, description="Slides", x="kept") for name in "abcd"}
    account.sync()
    server.rename("work", ids["a"], "a there")
    server.remove("work", ids["b"])
    account.change(account.here["c"]["id"], title="c here", start_at=START + HOUR, end_at=START + 2 * HOUR)
    account.remove(account.here["d"]["id"])
    account.sync()
    assert set(account.here) == {"a there", "c here"}
    assert titles(account) == ["a there", "c here"]
    assert server.events["work"][ids["c"]]["description"] == "Slides"
    assert account.shown_here() == account.shown_there()
    assert account.conflicts == []
    assert nothing_happened(account.sync())


def test_the_later_change_of_a_field_wins_and_the_other_is_kept(account, server):
    id_ = server.add("work", "Before", START, START + HOUR)
    account.sync()
    account.change(account.here["Before"]["id"], title="Mine", location="Room 2")
    server.rename("work", id_, "Theirs")
    server.events["work"][id_]["updated"] = "2099-01-01T00:00:00.000Z"
    account.sync()
    assert (set(account.here), titles(account)) == ({"Theirs"}, ["Theirs"])
    assert server.events["work"][id_]["location"] == "Room 2"
    assert [(each["winner"], each["lost"]) for each in account.conflicts] == [("there", {"title": "Mine"})]


def test_an_edit_wins_over_a_deletion(account, server):
    ids = {name: server.add("work", name, START, START + HOUR) for name in "ab"}
    mine = account.add()
    account.sync()
    account.change(account.here["a"]["id"], title="a here")
    account.change(mine, title="Mine still")
    server.remove("work", ids["a"])
    server.remove("work", mine.hex)
    server.rename("work", ids["b"], "b there")
    account.remove(account.here["b"]["id"])
    account.sync()
    assert set(account.here) == {"a here", "b there", "Mine still"}
    assert titles(account) == ["Mine still", "a here", "b there"]
    assert nothing_happened(account.sync())


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
def test_occurrences_of_a_series_are_moved_and_deleted_on_both_sides(account, server, name):
    start = START.astimezone(zone(name))
    id_ = server.add("work", "Stand-up", start, start + HOUR, "FREQ=DAILY;COUNT=6")
    server.rename("work", id_, "Planning", start + timedelta(days=1))
    server.remove("work", id_, start + timedelta(days=2))
    account.sync()
    assert account.shown_here() == account.shown_there()
    rows = events_of(account.database, account.user)
    account.change(rows[2]["id"], title="Moved", start_at=rows[2]["start_at"] + 2 * HOUR, end_at=rows[2]["end_at"] + 2 * HOUR)  # fmt: skip
    account.change(rows[1]["id"], title="Renamed here")
    account.remove(rows[4]["id"])
    account.sync()
    assert account.shown_here() == account.shown_there()
    assert titles(account) == ["Moved", "Renamed here", "Stand-up", "Stand-up"]
    assert server.events["work"][id_]["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=6"]
    server.rename("work", id_, "Retro", start + timedelta(days=4))
    server.remove("work", id_, start)
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    server.remove("work", id_)
    account.sync()
    assert account.shown_here() == set()


def test_an_occurrence_that_was_deleted_there_is_brought_back_from_here(account, server):
    start = START.astimezone(zone("Europe/Berlin"))
    id_ = server.add("work", "Stand-up", start, start + HOUR, "FREQ=DAILY;COUNT=3")
    server.remove("work", id_, start + timedelta(days=1))
    account.sync()
    row = account.here["Stand-up"]
    assert row["exdates"] == [START + timedelta(days=1)]
    account.change(row["id"], exdates=[])
    account.sync()
    account.sync()
    assert account.here["Stand-up"]["exdates"] == []
    assert account.shown_here() == account.shown_there()
    assert len(account.shown_there()) == 3


def test_a_series_that_was_made_here_is_a_series_there(account, server):
    mine = account.add(title="Weekly", rrule="FREQ=WEEKLY;COUNT=3")
    account.sync()
    written = server.events["work"][mine.hex]
    assert written["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=3"]
    assert written["start"]["timeZone"] == "Europe/Berlin"
    account.change(mine, rrule="FREQ=WEEKLY;COUNT=5", title="Longer")
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    account.change(mine, rrule=None)
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    assert "recurrence" not in server.events["work"][mine.hex]
    assert nothing_happened(account.sync())


def test_whole_days_stay_whole_days(account, server):
    server.add("work", "Fair", START, START, start={"date": "2026-12-03"}, end={"date": "2026-12-05"})
    day = datetime(2026, 12, 9, 23, tzinfo=UTC)
    mine = account.add(title="Off", start_at=day, end_at=day + timedelta(days=1), all_day=True)
    account.sync()
    fair = account.here["Fair"]
    assert (fair["all_day"], fair["start_at"]) == (True, datetime(2026, 12, 2, 23, tzinfo=UTC))
    assert fair["end_at"] - fair["start_at"] == timedelta(days=2)
    written = server.events["work"][mine.hex]
    assert (written["start"], written["end"]) == ({"date": "2026-12-10"}, {"date": "2026-12-11"})
    account.change(mine, all_day=False, start_at=START, end_at=START + HOUR)
    account.sync()
    assert server.events["work"][mine.hex]["start"].keys() == {"dateTime", "timeZone"}
    assert account.shown_here() == account.shown_there()


def test_what_is_no_appointment_is_left_out_and_what_was_declined_is_free(account, server):
    server.add("work", "Home office", START, START + HOUR, eventType="workingLocation")
    answer = {"self": True, "email": "ada@example.com", "displayName": "Ada", "responseStatus": "declined"}
    server.add("work", "Declined", START, START + HOUR, attendees=[answer])
    account.sync()
    assert (set(account.here), account.here["Declined"]["busy"]) == ({"Declined"}, False)
    assert account.here["Declined"]["attendees"] == ["Ada"]


def test_an_invitation_to_single_occurrences_is_read(account, server):
    moment = {"dateTime": START.isoformat(), "timeZone": "UTC"}
    only = {"recurringEventId": "elsewhere", "originalStartTime": moment, "iCalUID": "elsewhere"}
    id_ = server.add("work", "Guest", START, START + HOUR, **only)
    account.sync()
    assert set(account.here) == {"Guest"}
    server.rename("work", id_, "Guest of honor")
    account.sync()
    assert set(account.here) == {"Guest of honor"}
    server.remove("work", id_)
    account.sync()
    assert account.here == {}


def test_a_sync_token_that_has_expired_begins_a_full_reading(account, server):
    kept, gone = (server.add("work", name, START, START + HOUR) for name in ("Kept", "Gone"))
    account.sync()
    server.remove("work", gone)
    server.expire_sync()
    account.sync()
    assert set(account.here) == {"Kept"}
    server.rename("work", kept, "Renamed")
    account.sync()
    assert set(account.here) == {"Renamed"}


LIMIT = {"error": {"code": 403, "errors": [{"reason": "userRateLimitExceeded"}]}}


@pytest.mark.parametrize("answer", [Answered(429, {}, Retry_After="0"), Answered(403, LIMIT, Retry_After="0")])
def test_too_many_requests_are_repeated_after_the_pause_that_is_asked_for(account, server, answer):
    server.add("work", "Theirs", START, START + HOUR)
    server.too_early = [answer] * 2
    account.sync()
    assert set(account.here) == {"Theirs"}


def test_a_long_pause_is_kept_by_the_connection(account, server):
    server.too_early = [Answered(403, LIMIT, Retry_After="7200")]
    assert account.try_sync()["failed"] == 1
    row = row_of(account.database, account.user, account.id)
    assert row["problem"] == "Google Calendar asks for fewer requests."
    assert row["next_sync_at"] - row["last_attempt_at"] >= timedelta(hours=2)


def test_an_access_token_is_renewed_before_it_expires_and_when_it_is_refused(account, server):
    """Whichever clock is wrong: the provider's decides."""
    server.add("work", "Theirs", START, START + HOUR)
    server.expire_access()
    account.sync()
    assert set(account.here) == {"Theirs"}
    server.lifetime = 30
    server.expire_access()
    account.sync()
    before = sum(path == "/token" for _, path in server.requests)
    account.sync()
    assert sum(path == "/token" for _, path in server.requests) == before + 1


def test_access_that_was_taken_away_is_reported(account, server):
    server.expire_access()
    server.refresh_tokens.clear()
    assert account.try_sync()["failed"] == 1
    problem = row_of(account.database, account.user, account.id)["problem"]
    assert problem == "Google Calendar does not permit access any longer. Connect it again."


def test_the_code_that_the_user_brought_back_becomes_tokens_that_are_stored_encrypted(database, server):
    provider = provider_of(server.settings(), "google")
    assert provider is not None
    code, state = server.permit(provider.authorization_url("the state", "the verifier " * 4))
    assert state == "the state"
    secrets = {"code": code, "code_verifier": "the verifier " * 4}
    account = ProviderAccount(database, server, add_user(database), secrets=secrets)
    account.add()
    account.sync()
    assert titles(account) == ["Mine"]
    stored = row_of(database, account.user, account.id)["credentials"]
    assert not any(token.encode() in stored for token in server.refresh_tokens | server.access_tokens)
    account.sync()


def test_an_account_is_connected_once(account, database):
    account.sync()
    again = ProviderAccount(database, account.provider_server, account.user)
    assert again.try_sync()["failed"] == 1
    assert "connected already" in row_of(database, account.user, again.id)["problem"]


def test_access_is_given_back_when_a_calendar_is_disconnected(account, server):
    server.add("work", "Theirs", START, START + HOUR)
    account.add()
    account.sync()
    with account.database.owner() as connection:
        connection.execute("update calendar_connections set deleted_at = now() where id = %s", [account.id])
    account.try_sync()
    assert (set(account.here), server.refresh_tokens) == ({"Mine"}, set())
    with account.database.owner() as connection:
        assert connection.execute("select from calendar_connections where id = %s", [account.id]).fetchall() == []
    assert titles(account) == ["Mine", "Theirs"]


def test_a_calendar_that_cannot_be_written_keeps_its_own_version(account, server):
    server.names["work"] = "reader"
    server.add("work", "Theirs", START, START + HOUR)
    account.sync()
    account.change(account.here["Theirs"]["id"], title="Mine")
    account.sync()
    assert set(account.here) == {"Theirs"}
    calendars = row_of(account.database, account.user, account.id)["calendars"]
    assert [(each["id"], each["is_read_only"]) for each in calendars] == [("work", True), ("plans", False)]

"""Two-way synchronization where requests fail, answers are lost, the server is killed, and both sides edit at random."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import Headers

from focusflow.clock import now, zone
from focusflow.outbound import OutboundClient, OutboundFailed, OutboundPolicy, OutboundResponse
from ingestion.calendars.reading import read
from tests.conftest import add_user
from tests.integration.ingestion.caldav_account import Account, there
from tests.integration.ingestion.calendar_server import event, events_of, row_of
from tests.integration.ingestion.radicale_server import Radicale, radicale
from tests.sizes import dice, sized


def changes_of_the_clock() -> list[datetime]:
    """The days before and after which a clock is changed within the next 300 days, in Berlin or in New York."""
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today + timedelta(days=number) for number in range(300)]
    zones = [zone("Europe/Berlin"), zone("America/New_York")]
    found = [
        day
        for day in days
        for here in zones
        if (day + DAY).astimezone(here).utcoffset() != day.astimezone(here).utcoffset()
    ]
    return [each for day in found for each in (day, day + DAY)]


DAY = timedelta(days=1)
DAYS = changes_of_the_clock()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Radicale]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture
def account(database, server):
    return Account(database, server, add_user(database), own_calendar="work", plan_calendar="plans")


class Faulty(OutboundClient):
    """Requests that do not arrive, and answers that get lost."""

    def __init__(self, policy: OutboundPolicy, draw: random.Random) -> None:
        super().__init__(policy)
        self._draw = draw

    def request(self, *what: Any, **options: Any) -> OutboundResponse:
        number = self._draw.random()
        if number < 0.08:
            raise OutboundFailed("The request did not arrive.")
        answer = super().request(*what, **options)
        if number > 0.92:
            raise OutboundFailed("The answer got lost.")
        return answer


def answering(status: int | None = None, *methods: str, without: str | None = None, body: bytes = b"") -> Any:
    """A client for which requests of these methods are answered with a status, or answers lack a header."""

    class Changed(OutboundClient):
        def request(self, method: str, url: str, **options: Any) -> OutboundResponse:
            if status is not None and method in methods and body in options.get("content", b""):
                return OutboundResponse(status, Headers(), b"", url)
            answer = super().request(method, url, **options)
            if without is not None and method in methods and without in answer.headers:
                del answer.headers[without]
            return answer

    return Changed


class Editor:
    """Edits either side at random, and knows which titles may be gone in the end: those that somebody replaced or deleted, seeing them."""

    LONGEST = 1500  # minutes

    def __init__(self, account: Account, draw: random.Random) -> None:
        self.account, self.draw, self.number = account, draw, 0
        self.written: set[str] = set()
        self.excused: set[str] = set()

    def title(self) -> str:
        self.number += 1
        self.written.add(title := f"t{self.number}")
        return title

    def edit(self) -> None:
        self.draw.choice(
            [self.add_here, self.change_here, self.remove_here, self.add_there, self.change_there, self.remove_there]
        )()

    def _times(self) -> dict[str, Any]:
        start = self.draw.choice(DAYS) + timedelta(hours=self.draw.randrange(23))
        return {"start_at": start, "end_at": start + timedelta(minutes=self.draw.choice([15, 60, self.LONGEST]))}

    def add_here(self) -> None:
        rule = self.draw.choice([None, None, "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;COUNT=4"])
        self.account.add(title=self.title(), rrule=rule, **self._times())

    def _row(self) -> dict[str, Any] | None:
        rows = events_of(self.account.database, self.account.user)
        return self.draw.choice(rows) if rows else None

    def change_here(self) -> None:
        if row := self._row():
            self.excused.add(row["title"])
            times = self._times() if self.draw.random() < 0.5 else {}
            self.account.change(row["id"], title=self.title(), **times)

    def remove_here(self) -> None:
        if row := self._row():
            self.excused.add(row["title"])
            self.account.remove(row["id"])

    def add_there(self) -> None:
        title = self.title()
        start = self._times()["start_at"]
        lines = event(title, f"{start:%Y%m%dT%H%M%SZ}", title=title)
        if self.draw.random() < 0.4:
            where = self.draw.choice(["Europe/Berlin", "America/New_York"])
            lines[2:4] = [f"DTSTART;TZID={where}:{start:%Y%m%dT%H%M%S}", "DURATION:PT45M", "RRULE:FREQ=DAILY;COUNT=3"]
        self.account.work.put(f"{title}.ics", *lines)

    def _resource(self) -> tuple[str, str] | None:
        contents = self.account.work.contents()
        return self.draw.choice(sorted(contents.items())) if contents else None

    def change_there(self) -> None:
        if found := self._resource():
            name, text = found
            lines = [line for line in text.splitlines() if not line.startswith("LAST-MODIFIED")]
            for line in lines:
                if line.startswith("SUMMARY:"):
                    self.excused.add(line.removeprefix("SUMMARY:"))
            title = self.title()
            lines = [f"SUMMARY:{title}" if line.startswith("SUMMARY:") else line for line in lines]
            places = [number for number, line in enumerate(lines) if line == "BEGIN:VEVENT"]
            for place in reversed(places):
                lines.insert(place + 1, f"LAST-MODIFIED:{now():%Y%m%dT%H%M%SZ}")
            answer = self.account.work.http.put(
                f"{self.account.work.url}{name}",
                content="\r\n".join([*lines, ""]),
                headers={"Content-Type": "text/calendar"},
            )
            assert answer.is_success, answer.text

    def remove_there(self) -> None:
        if found := self._resource():
            name, text = found
            self.excused |= {line.removeprefix("SUMMARY:") for line in text.splitlines() if line.startswith("SUMMARY:")}
            self.account.work.delete(name)

    # what both sides have

    def here(self) -> set[tuple[Any, ...]]:
        rows = events_of(self.account.database, self.account.user)
        return {(row["title"], row["start_at"], row["end_at"], _parts(row["rrule"])) for row in rows}

    def there(self) -> set[tuple[Any, ...]]:
        found = set()
        for text in self.account.work.contents().values():
            reading = read(text.encode(), zone("Europe/Berlin"), now())
            found |= {(each.title, each.start_at, each.end_at, _parts(each.rrule)) for each in reading.events.values()}
        return found

    def lost(self) -> set[str]:
        told = {conflict["lost"].get("title") for conflict in self.account.conflicts}
        return self.written - self.excused - told - {each[0] for each in self.here()}


def _parts(rule: str | None) -> frozenset[str]:
    return frozenset((rule or "").split(";"))


@pytest.mark.parametrize("story", range(sized(3, 40)))
def test_random_edits_on_both_sides_converge_and_lose_nothing(account, server, story):
    """Requests fail and answers get lost, and a round is sometimes repeated or left out. After one round that succeeds, both sides agree."""
    draw = dice(100 + story)
    editor = Editor(account, draw)
    for _ in range(sized(8, 20)):
        for _ in range(draw.randrange(1, 7)):
            editor.edit()
        account.client = lambda policy: Faulty(policy, draw)
        for _ in range(draw.randrange(3)):
            account.try_sync()
    account.client = OutboundClient
    account.sync()
    here, on_server = editor.here(), editor.there()
    assert len(here & on_server) >= 0.99 * len(here | on_server), here ^ on_server
    account.sync()
    assert editor.here() == editor.there()
    assert editor.lost() == set()
    counts = account.sync()
    assert {counts[name] for name in ("added", "changed", "removed", "sent", "conflicts")} == {0}


@pytest.mark.parametrize("request_number", [5, 6, 8])
def test_a_server_that_is_killed_in_between_loses_nothing(account, server, request_number):
    editor = Editor(account, dice(200 + request_number))
    for _ in range(4):
        editor.add_here()
        editor.add_there()
    account.sync()
    for _ in range(16):
        editor.edit()
    for _ in range(3):
        editor.add_here()
    seen = 0

    class Killing(OutboundClient):
        def request(self, *what: Any, **options: Any) -> OutboundResponse:
            nonlocal seen
            seen += 1
            if seen == request_number:
                server.kill()
            return super().request(*what, **options)

    account.client = Killing
    assert account.try_sync()["failed"] == 1
    assert "cannot be reached" in row_of(account.database, account.user, account.id)["problem"]
    server.start()
    account.client = OutboundClient
    account.sync()
    assert editor.here() == editor.there()
    assert editor.lost() == set()


@pytest.mark.parametrize("status", [500, 503, 507])
def test_what_the_server_cannot_take_now_is_written_later(account, status):
    account.work.put("a.ics", *event("a", title="Theirs"))
    account.add(title="Mine")
    account.client = answering(status, "PUT")
    assert account.try_sync()["failed"] == 1
    row = row_of(account.database, account.user, account.id)
    assert ("no room" if status == 507 else f"({status})") in row["problem"]
    assert set(account.here) == {"Theirs", "Mine"}
    account.client = OutboundClient
    account.sync()
    assert there(account.work) == ["Mine", "Theirs"]


def test_what_the_server_refuses_is_listed_and_keeps_nothing_else_from_it(account):
    account.work.put("a.ics", *event("a", title="Theirs"))
    account.sync()
    account.change(account.here["Theirs"]["id"], title="Mine")
    account.client = answering(403, "PUT", body=b"SUMMARY:Mine")
    account.add(title="Other")
    account.sync()
    row = row_of(account.database, account.user, account.id)
    assert "refuses" in row["findings"][0]["reason"]
    assert there(account.work) == ["Other", "Theirs"]


@pytest.mark.parametrize(
    "client",
    [
        answering(405, "REPORT", body=b"sync-collection"),
        answering(501, "REPORT"),
        answering(None, "PUT", without="etag"),
    ],
    ids=["without sync tokens", "without reports", "without ETags of what is written"],
)
def test_servers_that_can_less_are_kept_in_step_too(account, client):
    account.client = client
    account.work.put("a.ics", *event("a", title="Theirs"))
    account.work.put("b.ics", *event("b", title="Gone"))
    account.add(title="Mine")
    account.sync()
    account.change(account.here["Theirs"]["id"], title="Renamed")
    account.work.delete("b.ics")
    account.sync()
    account.sync()
    assert there(account.work) == ["Mine", "Renamed"]
    assert set(account.here) == {"Mine", "Renamed"}
    counts = account.sync()
    assert {counts[name] for name in ("added", "changed", "removed", "sent", "conflicts")} == {0}


def test_a_token_that_the_server_no_longer_knows_begins_a_full_reading(account):
    account.work.put("a.ics", *event("a", title="Kept"))
    account.work.put("b.ics", *event("b", title="Gone"))
    account.sync()
    account.work.delete("b.ics")
    with account.database.owner() as connection:
        connection.execute(
            "update calendar_connections set state = jsonb_set(state, array['calendars', %s, 'token'], '\"http://radicale.org/ns/sync/old\"') where id = %s",
            [account.work.url, account.id],
        )
    account.sync()
    assert set(account.here) == {"Kept"}


def test_a_redirect_to_another_host_does_not_get_the_password(account):
    class Redirected(OutboundClient):
        def request(self, method: str, url: str, **options: Any) -> OutboundResponse:
            assert "elsewhere" not in url
            return OutboundResponse(301, Headers({"location": "https://elsewhere.example.org/"}), b"", url)

    account.client = Redirected
    assert account.try_sync()["failed"] == 1
    assert "does not get your password" in row_of(account.database, account.user, account.id)["problem"]


@pytest.mark.parametrize("stamp", ["20010101T000000Z", "20990101T000000Z"])
def test_an_appointment_whose_creation_was_not_answered_keeps_the_edits_of_both_sides(account, stamp):
    mine = account.add(title="Mine")
    lost: list[str] = []

    class Lost(OutboundClient):
        def request(self, method: str, url: str, **options: Any) -> OutboundResponse:
            answer = super().request(method, url, **options)
            if method == "PUT":
                lost.append(url)
                raise OutboundFailed("The answer got lost.")
            return answer

    account.client = Lost
    account.try_sync()
    assert len(lost) == 1
    account.change(mine, title="Edited here")
    lines = event(str(mine), "20261201T090000Z", f"LAST-MODIFIED:{stamp}", title="Edited there")
    account.work.put(f"{mine}.ics", *lines)
    account.client = OutboundClient
    account.sync()
    winner, loser = ("Edited there", "Edited here") if stamp > "2050" else ("Edited here", "Edited there")
    assert (set(account.here), there(account.work)) == ({winner}, [winner])
    assert [each["lost"]["title"] for each in account.conflicts] == [loser]

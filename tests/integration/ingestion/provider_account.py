"""A user with an account at Google or Microsoft: both sides of it, and random edits of both."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from dateutil.rrule import rrulestr

from focusflow.calendar_providers import provider_of
from focusflow.clock import zone
from focusflow.database.session import Database
from focusflow.outbound import OutboundClient
from tests.integration.ingestion.caldav_account import Account
from tests.integration.ingestion.calendar_providers import ProviderDouble
from tests.integration.ingestion.calendar_server import connect, events_of
from tests.integration.ingestion.test_caldav_faults import DAYS

BERLIN, NEW_YORK = zone("Europe/Berlin"), zone("America/New_York")

Shown = tuple[str, datetime, datetime]


class ProviderAccount(Account):
    """A connection with the calendars `work` and `plans` of the account."""

    def __init__(self, database: Database, server: ProviderDouble, user: UUID, **fields: Any) -> None:
        self.database, self.user, self.provider_server = database, user, server
        self.client: Any = OutboundClient
        provider = provider_of(server.settings(), server.kind)
        assert provider is not None
        self.provider = provider
        self.providers = {server.kind: provider}
        choice = {"selected": ["work"], "own_calendar": "work", "plan_calendar": "plans", "secrets": server.grant()}
        self.id = connect(database, user, "", server.kind, **choice | fields)

    def shown_here(self) -> set[Shown]:
        """What takes place when."""
        found = set()
        for row in events_of(self.database, self.user):
            start, length = row["start_at"], row["end_at"] - row["start_at"]
            for each in set(_starts(start, row["rrule"])) - set(row["exdates"]):
                found.add((row["title"], each, each + length))
        return found

    def shown_there(self) -> set[Shown]:
        return self.provider_server.occurrences("work")


def _starts(start: datetime, rule: str | None) -> list[datetime]:
    if rule is None:
        return [start]
    local = start.astimezone(BERLIN)
    text = rule if "UNTIL" not in rule else rule.replace("Z", "")
    return [each.replace(tzinfo=BERLIN).astimezone(UTC) for each in rrulestr(text, dtstart=local.replace(tzinfo=None))]


class ProviderEditor:
    """Edits either side at random, and knows which titles may be gone in the end: those that somebody replaced or deleted, seeing them."""

    def __init__(self, account: ProviderAccount, server: ProviderDouble, draw: random.Random) -> None:
        self.account, self.server, self.draw, self.number = account, server, draw, 0
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

    def _times(self) -> tuple[datetime, datetime]:
        start = self.draw.choice(DAYS) + timedelta(hours=self.draw.randrange(23))
        return start, start + timedelta(minutes=self.draw.choice([15, 60, 1380]))

    def add_here(self) -> None:
        start, end = self._times()
        rule = self.draw.choice([None, None, "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;COUNT=4"])
        self.account.add(title=self.title(), rrule=rule, start_at=start, end_at=end)

    def _row(self) -> dict[str, Any] | None:
        rows = events_of(self.account.database, self.account.user)
        return self.draw.choice(rows) if rows else None

    def change_here(self) -> None:
        if row := self._row():
            self.excused.add(row["title"])
            start, end = self._times() if self.draw.random() < 0.5 else (row["start_at"], row["end_at"])
            self.account.change(row["id"], title=self.title(), start_at=start, end_at=end)

    def remove_here(self) -> None:
        if row := self._row():
            self.excused.add(row["title"])
            self.account.remove(row["id"])

    def add_there(self) -> None:
        start, end = self._times()
        here = self.draw.choice([BERLIN, NEW_YORK])
        rule = self.draw.choice([None, None, "FREQ=DAILY;COUNT=3"])
        self.server.add("work", self.title(), start.astimezone(here), end.astimezone(here), rule)

    def _there(self) -> tuple[str, datetime | None] | None:
        series = self.server.series("work")
        if not series:
            return None
        id_ = self.draw.choice(sorted(series))
        is_one = len(series[id_]) > 1 and self.draw.random() < 0.5
        self.excused |= self.server.titles("work", id_)
        return id_, self.draw.choice(series[id_]) if is_one else None

    def change_there(self) -> None:
        if found := self._there():
            self.server.rename("work", found[0], self.title(), found[1])

    def remove_there(self) -> None:
        if found := self._there():
            self.server.remove("work", *found)

    def lost(self) -> set[str]:
        told = {conflict["lost"].get("title") for conflict in self.account.conflicts}
        return self.written - self.excused - told - {each[0] for each in self.account.shown_here()}

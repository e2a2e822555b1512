"""A user with an account at Google or Microsoft: both sides of it, and random edits of both."""

import random
from datetime import UTC, datetime
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
from tests.integration.ingestion.test_caldav_faults import Editor

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


class ProviderEditor(Editor):
    """Edits at a provider, whose series and occurrences have ids of their own."""

    LONGEST = 1380  # minutes: what is longer than a day overlaps itself in a daily series

    def __init__(self, account: ProviderAccount, server: ProviderDouble, draw: random.Random) -> None:
        super().__init__(account, draw)
        self.provider_account, self.server = account, server

    def add_there(self) -> None:
        start, end = self._times().values()
        here = self.draw.choice([BERLIN, NEW_YORK])
        rule = self.draw.choice([None, None, "FREQ=DAILY;COUNT=3"])
        self.server.add("work", self.title(), start.astimezone(here), end.astimezone(here), rule)

    def _there(self) -> tuple[str, datetime | None] | None:
        series = self.server.series("work")
        if not series:
            return None
        in_order = sorted(
            series, key=lambda id_: (series[id_], sorted(self.server.titles("work", id_)))
        )  # ids differ each time
        id_ = self.draw.choice(in_order)
        is_one = len(series[id_]) > 1 and self.draw.random() < 0.5
        self.excused |= self.server.titles("work", id_)
        return id_, self.draw.choice(series[id_]) if is_one else None

    def change_there(self) -> None:
        if found := self._there():
            self.server.rename("work", found[0], title := self.title(), found[1])
            if title not in {each for each, *_ in self.server.occurrences("work")}:
                self.excused.add(title)  # of a series whose occurrences all have titles of their own

    def remove_there(self) -> None:
        if found := self._there():
            self.server.remove("work", *found)

    def here(self) -> set[Any]:
        return set(self.provider_account.shown_here())

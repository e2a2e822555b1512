"""A user with a CalDAV account: both sides of it, and how both are edited."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from focusflow.calendar_providers import CalendarProvider
from focusflow.database.rows import insert_row, update_row
from focusflow.database.session import Database, Role
from focusflow.database.tables import calendar_events
from focusflow.identity import new_id
from focusflow.outbound import OutboundClient
from tests.integration.ingestion.calendar_server import ask_again, connect, events_of, row_of, syncer
from tests.integration.ingestion.radicale_server import PASSWORD, USER, Collection, Radicale

START = datetime(2026, 12, 1, 9, tzinfo=UTC)


class Account:
    """A user's connection with the calendars of the server, and both sides' appointments."""

    def __init__(self, database: Database, server: Radicale, user: UUID, **choice: str) -> None:
        self.database, self.user, self.server = database, user, server
        self.client: Any = OutboundClient
        self.providers: dict[str, CalendarProvider] = {}
        self.number = new_id().hex[-8:]
        self.calendars = {name: server.calendar(f"{name}-{self.number}") for name in ("work", "plans")}
        self.work, self.plans = self.calendars["work"], self.calendars["plans"]
        self.id = connect(
            database,
            user,
            server.address,
            "caldav",
            username=USER,
            password=PASSWORD,
            selected=[self.work.url],
            **{name: self.calendars[value].url for name, value in choice.items()},
        )

    def sync(self) -> dict[str, int]:
        counts = self.try_sync()
        row = row_of(self.database, self.user, self.id)
        assert row["problem"] is None, row["problem"]
        return counts

    def try_sync(self) -> dict[str, int]:
        """A synchronization that may fail."""
        ask_again(self.database, self.user, self.id)
        return syncer(self.database, client=self.client, providers=self.providers).run()

    def add(self, **fields: Any) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "title": "Mine",
            "start_at": START,
            "end_at": START + timedelta(hours=1),
            **fields,
        }
        with self.database.transaction(Role.API, self.user) as tx:
            insert_row(tx, calendar_events, row)
        id_: UUID = row["id"]
        return id_

    def change(self, id_: UUID, **fields: Any) -> None:
        with self.database.transaction(Role.API, self.user) as tx:
            assert update_row(tx, calendar_events, id_, fields)

    def remove(self, id_: UUID) -> None:
        with self.database.transaction(Role.API, self.user) as tx:
            assert tx.run("delete from calendar_events where id = %(id)s", {"id": id_})

    @property
    def here(self) -> dict[str, dict[str, Any]]:
        return {row["title"]: row for row in events_of(self.database, self.user)}

    @property
    def conflicts(self) -> list[dict[str, Any]]:
        with self.database.transaction(Role.API, self.user) as tx:
            return tx.all("select * from calendar_conflicts order by at")


def there(collection: Collection) -> list[str]:
    """The titles on the server."""
    return sorted(
        line.removeprefix("SUMMARY:")
        for text in collection.contents().values()
        for line in text.splitlines()
        if line.startswith("SUMMARY:")
    )

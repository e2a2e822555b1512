"""Runs the synchronizations that are due, several at a time, each within bounds."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Self
from uuid import UUID

from focusflow.calendar_providers import CalendarProvider, configured_providers
from focusflow.database.session import Database, Role
from focusflow.errors import Problem, Unavailable
from focusflow.key_ring import KeyRing
from focusflow.outbound import OutboundClient, OutboundPolicy
from focusflow.settings import Settings
from ingestion.calendars import ics
from ingestion.calendars.caldav import CalDavServer
from ingestion.calendars.connection import QUERIES, Connection, ConnectionLost, Outcome, SyncFailed
from ingestion.calendars.events import EventWriter
from ingestion.calendars.google import GoogleServer
from ingestion.calendars.oauth import Tokens
from ingestion.calendars.outlook import OutlookServer
from ingestion.calendars.provider import ProviderServer
from ingestion.calendars.push import Channels
from ingestion.calendars.server import CalendarServer
from ingestion.calendars.two_way import TwoWaySync

log = logging.getLogger(__name__)

AT_ONCE = 8

#: Connections that failed or were slow the last time run so many at a time, and those of one user: they never hold up the others.
SLOW_AT_ONCE, PER_USER = 3, 3
SLOW_MS = 5000

#: A worker that has not finished after so long is gone. Each synchronization ends long before.
LEASE = timedelta(minutes=15)

#: No more connections are begun after so long; the next run goes on.
RUN_SECONDS = 600

#: The pause after failures doubles up to this.
LONGEST_PAUSE = timedelta(days=1)

#: Appointments of a removed connection that are deleted by one transaction.
CHUNK = 1000

#: A provider that cannot be reached is asked so often to take access back.
REVOCATIONS = 5

SERVERS: Final[Mapping[str, type[GoogleServer | OutlookServer]]] = {"google": GoogleServer, "outlook": OutlookServer}


@dataclass(frozen=True, slots=True)
class CalendarSync:
    """The connections of all users."""

    database: Database
    policy: OutboundPolicy
    keys: KeyRing
    interval: timedelta
    client: Callable[[OutboundPolicy], OutboundClient] = OutboundClient
    providers: Mapping[str, CalendarProvider] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Self:
        policy = OutboundPolicy.of(settings.outbound_networks)
        providers: dict[str, CalendarProvider] = {each.kind: each for each in configured_providers(settings)}
        interval = timedelta(minutes=settings.calendar_sync_minutes)
        return cls(database, policy, settings.keys, interval, providers=providers)

    def are_due(self) -> bool:
        with self.database.transaction(Role.INGESTION) as tx:
            return tx.one(QUERIES["due"], {"now": tx.now, "expired": tx.now - LEASE}) is not None

    def run(self) -> dict[str, int]:
        """Synchronize what is due, and what becomes due meanwhile. Returns what came of it, over all connections."""
        counts: dict[str, int] = {"synchronized": 0, "failed": 0}
        until, running = time.monotonic() + RUN_SECONDS, dict[Future[dict[str, int]], bool]()
        with ThreadPoolExecutor(AT_ONCE, "calendars") as pool:
            while True:
                while len(running) < AT_ONCE and time.monotonic() < until:
                    with_slow = sum(running.values()) < SLOW_AT_ONCE
                    claimed = self._claim(with_slow=with_slow)
                    if claimed is None:
                        break
                    row, claimed_at = claimed
                    running[pool.submit(self.sync, row["user_id"], row["id"], claimed_at)] = row["is_slow"]
                if not running:
                    return counts
                done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    for name, number in future.result().items():
                        counts[name] = counts.get(name, 0) + number

    def _claim(self, *, with_slow: bool) -> tuple[Mapping[str, Any], datetime] | None:
        with self.database.transaction(Role.INGESTION) as tx:
            values = {"now": tx.now, "expired": tx.now - LEASE, "with_slow": with_slow}
            row = tx.one(QUERIES["claim"], values | {"slow_ms": SLOW_MS, "per_user": PER_USER})
            return None if row is None else (row, tx.now)

    def sync(self, user_id: UUID, id_: UUID, claimed_at: datetime) -> dict[str, int]:
        """Synchronize a claimed connection. How it went is said by its row."""
        began = time.monotonic()
        try:
            outcome = self._sync(user_id, id_, claimed_at)
        except Unavailable as problem:  # of our own database: the lease ends, and another run tries again
            log.warning("calendar connection %s waits: %s", id_, problem)
            return {"failed": 1}
        except ConnectionLost:
            return {}
        except Problem as problem:
            self._fail(user_id, id_, claimed_at, began, problem)
            return {"failed": 1}
        except Exception as error:
            log.exception("calendar connection %s could not be synchronized", id_)
            self._fail(user_id, id_, claimed_at, began, error)
            return {"failed": 1}
        if outcome is None:
            return {}
        with self.database.transaction(Role.API, user_id) as tx:
            values = {"id": id_, "claimed_at": claimed_at, "now": tx.now, "is_unchanged": outcome.is_unchanged}
            values |= {"next_sync_at": tx.now + self._pause(id_, 0), "duration_ms": _since(began)}
            tx.run(QUERIES["finish"], values | outcome.description())
        return {"synchronized": 1, **outcome.counts}

    def _sync(self, user_id: UUID, id_: UUID, claimed_at: datetime) -> Outcome | None:
        connection = Connection.open(self.database, self.keys, user_id, id_, claimed_at)
        if connection is None:
            return None
        if connection.row["deleted_at"] is not None:
            self._remove(connection)
            return None
        with self.client(self.policy) as client:  # cookies of one user are not for another
            if connection.kind == "ics":
                return ics.sync(connection, client)
            server = self._server(connection, client)
            outcome = TwoWaySync(connection, server).run()
            if isinstance(server, ProviderServer):
                self._channels(connection, server).keep()
            return outcome

    def _server(self, connection: Connection, client: OutboundClient) -> CalendarServer:
        if connection.kind == "caldav":
            login = (connection.username or "", connection.password or "")
            return CalDavServer(client, self.policy, connection.address, *login)
        provider = self.providers.get(connection.kind)
        if provider is None:
            raise SyncFailed("The operator of this installation has switched these calendars off.")
        now = self._now(connection)
        return SERVERS[provider.kind](client, provider, Tokens(connection, provider, client, now), now)

    def _now(self, connection: Connection) -> datetime:
        with self.database.transaction(Role.API, connection.account.id) as tx:
            return tx.now

    def _remove(self, connection: Connection) -> None:
        """Delete the appointments of a removed connection, give access back, then delete the connection."""
        account = connection.account
        while True:
            with self.database.transaction(Role.API, account.id) as tx:
                values = {"prefix": f"{connection.kind}:{connection.id}%", "limit": CHUNK}
                ids = [row["id"] for row in tx.all(QUERIES["some_events_of"], values)]
                EventWriter(tx, account).remove(ids)
            if len(ids) < CHUNK:
                break
        if connection.kind in self.providers and connection.row["failures"] < REVOCATIONS:
            with self.client(self.policy) as client:
                self._give_access_back(connection, client)
        with self.database.transaction(Role.API, account.id) as tx:
            tx.run(QUERIES["remove_connection"], {"id": connection.id})

    def _channels(self, connection: Connection, server: ProviderServer) -> Channels:
        return Channels(connection, server, self.providers[connection.kind].push_url, self._now(connection))

    def _give_access_back(self, connection: Connection, client: OutboundClient) -> None:
        server = self._server(connection, client)
        assert isinstance(server, ProviderServer)
        self._channels(connection, server).stop()
        server.tokens.revoke()

    def _fail(self, user_id: UUID, id_: UUID, claimed_at: datetime, began: float, error: Exception) -> None:
        sentence = (
            str(error) if isinstance(error, Problem) else "An unexpected error occurred. The log of the server has it."
        )
        with self.database.transaction(Role.API, user_id) as tx:
            row = tx.one(QUERIES["connection"], {"id": id_})
            if row is None:
                return
            pause = self._pause(id_, row["failures"] + 1)
            pause = max(pause, getattr(error, "retry_after", None) or timedelta())
            values = {"id": id_, "claimed_at": claimed_at, "now": tx.now, "problem": sentence}
            tx.run(QUERIES["fail"], values | {"next_sync_at": tx.now + pause, "duration_ms": _since(began)})

    def _pause(self, id_: UUID, failures: int) -> timedelta:
        """Up to a tenth longer for each connection, so that those made together do not stay together."""
        spread = 1 + Random(id_.int).random() / 10  # noqa: S311 (nothing secret)
        return min(self.interval * (1 << min(failures, 12)), LONGEST_PAUSE) * spread


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)

"""A connection as a synchronization sees it, and what comes of one."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from focusflow import encryption
from focusflow.clock import zone
from focusflow.contracts.calendar import CREDENTIALS
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.errors import Problem
from focusflow.key_ring import KeyRing
from ingestion.importers.engine.importing import Account
from ingestion.importers.engine.records import Finding

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

#: Findings that are kept with a connection; their number is kept whole.
FINDINGS = 100


class SyncFailed(Problem):
    """This calendar cannot be synchronized."""

    #: When the server wants to be asked again, if it said so.
    retry_after: timedelta | None = None

    def __init__(self, sentence: str | None = None, *, answered: int | None = None) -> None:
        """`answered` is the status that the server answered with, if it did."""
        super().__init__(sentence)
        self.answered = answered


class ConnectionLost(Exception):
    """The connection was removed, or another worker took it over."""


@dataclass(slots=True)
class Outcome:
    """What a synchronization did: counts by name, and what was skipped."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    #: Nothing was read, so the findings of the last time still hold.
    is_unchanged: bool = False

    def add(self, counts: Mapping[str, int]) -> None:
        for name, number in counts.items():
            self.counts[name] = self.counts.get(name, 0) + number

    def description(self) -> dict[str, Any]:
        """What is kept of it, as values of a statement."""
        skipped = [
            {"place": str(each.place), "reason": each.reason, "outcome": each.outcome}
            for each in self.findings[:FINDINGS]
        ]
        return {
            "counts": Jsonb(self.counts, dumps=orjson.dumps),
            "findings": Jsonb(skipped, dumps=orjson.dumps),
            "findings_count": len(self.findings),
        }


@dataclass(slots=True)
class Connection:
    """A claimed connection."""

    database: Database
    id: UUID
    account: Account
    kind: str
    claimed_at: datetime
    address: str
    username: str | None
    password: str | None
    state: dict[str, Any]
    row: Mapping[str, Any]
    keys: KeyRing
    credentials: dict[str, Any]

    @classmethod
    def open(
        cls, database: Database, keys: KeyRing, user_id: UUID, id_: UUID, claimed_at: datetime
    ) -> "Connection | None":
        """The connection, unless it is gone."""
        with database.transaction(Role.API, user_id) as tx:
            row = tx.one(QUERIES["connection"], {"id": id_})
        if row is None:
            return None
        plain = encryption.decrypt(keys, CREDENTIALS, user_id, row["credentials"])
        if plain is None:
            raise SyncFailed(
                "The stored password cannot be decrypted: the key of the installation has changed. Enter it again."
            )
        credentials = orjson.loads(plain)
        choice = {name: row[name] for name in ("selected", "own_calendar", "plan_calendar")}
        kept = row["state"]
        state = kept if kept.get("choice") == choice else {"channels": kept.get("channels", {})}
        return cls(
            database,
            id_,
            Account(user_id, row["timezone"]),
            row["kind"],
            claimed_at,
            credentials.get("url", ""),
            credentials.get("username"),
            credentials.get("password"),
            state | {"choice": choice},
            row,
            keys,
            credentials,
        )

    @property
    def zone(self) -> Any:
        return zone(self.account.timezone)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction of the user, as long as the connection is still this worker's."""
        with self.database.transaction(Role.API, self.account.id) as tx:
            if tx.one(QUERIES["hold"], {"id": self.id, "claimed_at": self.claimed_at}) is None:
                raise ConnectionLost
            yield tx

    def keep_credentials(self, credentials: dict[str, Any]) -> None:
        """Keep what a provider gave instead of what it gave before."""
        self.credentials = credentials
        sealed = encryption.encrypt(self.keys.signing, CREDENTIALS, self.account.id, orjson.dumps(credentials))
        with self.database.transaction(Role.API, self.account.id) as tx:
            tx.run(QUERIES["keep_credentials"], {"id": self.id, "claimed_at": self.claimed_at, "credentials": sealed})

    def claim_account(self, tx: Transaction, account: str) -> None:
        """An account of a provider is connected once. Which one it is, is known after the first reading."""
        address_hash = hashlib.sha256(f"{self.kind} {account}".encode()).hexdigest()
        if address_hash == self.row["address_hash"]:
            return
        tx.serialize("calendar connections")
        if tx.one(QUERIES["same_account"], {"id": self.id, "address_hash": address_hash}) is not None:
            raise SyncFailed(f"The account {account} is connected already. Disconnect this one.")
        tx.run(QUERIES["keep_account"], {"id": self.id, "address_hash": address_hash})

    def keep_state(self, tx: Transaction) -> None:
        """Go on from here the next time."""
        tx.run(QUERIES["keep_state"], {"id": self.id, "state": Jsonb(self.state, dumps=orjson.dumps)})

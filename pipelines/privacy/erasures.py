"""Requests of erasures: who asked, what has become of them, and whom a restored backup must not bring back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from focusflow.database import audit
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.erasure import user_hash
from focusflow.errors import NotFound
from focusflow.identity import new_id

QUERIES = load_queries(Path(__file__).with_name("erasure.sql"))


@dataclass(frozen=True, slots=True)
class Erasures:
    """The erasures of an installation."""

    database: Database

    def request(self, user_id: UUID) -> UUID:
        """Have a user erased at once. An erasure that waits is due now; one that has begun goes on."""
        with self.database.transaction(Role.PRIVACY) as tx:
            new = {"id": new_id(), "user_id": user_id, "user_hash": user_hash(user_id), "now": tx.now, "due_at": tx.now}
            row = tx.one(QUERIES["add"], new)
            assert row is not None
            audit.record(
                tx,
                "erasure.requested",
                actor_id=None,
                user_id=user_id,
                ip=audit.COMMAND_LINE,
                entity="erasure",
                entity_id=row["id"],
            )
        erasure_id: UUID = row["id"]
        return erasure_id

    def one(self, erasure_id: UUID) -> Mapping[str, Any]:
        with self.database.transaction(Role.PRIVACY) as tx:
            row = tx.one(QUERIES["one"], {"id": erasure_id})
        if row is None:
            raise NotFound("No erasure has this id.")
        return row

    def listed(self) -> list[dict[str, Any]]:
        with self.database.transaction(Role.PRIVACY) as tx:
            return tx.all(QUERIES["listed"])

    def sentence(self, row: Mapping[str, Any]) -> str:
        """What has become of an erasure."""
        match row["status"]:
            case "waiting":
                return f"begins at {row['due_at']:%Y-%m-%d %H:%M} UTC, unless the user cancels"
            case "running":
                return f"is under way, {row['step']} of 6 steps are done"
            case "purging":
                return f"is done, but for files that readers may have open: they are deleted at {row['purge_at']:%Y-%m-%d %H:%M} UTC"
        return "is done, and its certificate is signed"

    def certificate(self, erasure_id: UUID) -> dict[str, Any]:
        with self.database.transaction(Role.PRIVACY) as tx:
            row = tx.one(QUERIES["certificate"], {"id": erasure_id})
        if row is None or row["certificate"] is None:
            raise NotFound("No finished erasure has this id. `focusflow erase --list` shows them.")
        certificate: dict[str, Any] = row["certificate"]
        return certificate

    def suppress(self, hashes: Collection[str]) -> list[UUID]:
        """Begin to erase again those users of a restored database who were erased before, and suppress all others. Returns the erasures."""
        with self.database.transaction(Role.AUTH) as tx:
            accounts = {user_hash(row["id"]): row["id"] for row in tx.all(QUERIES["accounts"])}
        begun = []
        for each in sorted(set(hashes)):
            user_id = accounts.get(each)
            with self.database.transaction(Role.PRIVACY, user_id) as tx:
                new = {"id": new_id(), "user_id": user_id, "user_hash": each, "now": tx.now}
                row = tx.one(QUERIES["suppress" if user_id else "suppress_absent"], new)
                if user_id and row:
                    tx.run(QUERIES["end_account"], {"user_id": user_id, "now": tx.now})
                    begun.append(row["id"])
        return begun

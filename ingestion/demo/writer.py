"""Writes the demo users: rows and outbox events of one user in one transaction, with the same roles as the API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher

from focusflow.database import outbox
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from ingestion.demo.history import generate_history
from ingestion.demo.personas import PASSWORD, Persona, personas
from ingestion.replay import ORDER, insert_rows

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What a run added. No users: they were all there before."""

    personas: int
    rows: int
    events: int


def silent(_phase: str, _done: int, _all: int) -> None:
    """No progress is shown."""


def write_demo(
    database: Database, now: datetime, *, seed: int = 1, days: int = 365, count: int = 5, progress: Progress = silent
) -> Written:
    """Add the demo users who are missing, with their history up to now. It can be run again after a kill."""
    wanted = personas(count)
    missing = [persona for persona in wanted if persona.email not in _present(database, wanted)]
    rows = events = 0
    for number, persona in enumerate(missing):
        progress(persona.name, number, len(missing))
        persona_rows, persona_events = _write_persona(database, persona, now, seed, days)
        rows, events = rows + persona_rows, events + persona_events
    progress("", len(missing), len(missing))
    return Written(len(missing), rows, events)


def _present(database: Database, wanted: Sequence[Persona]) -> set[str]:
    with database.transaction(Role.AUTH) as tx:
        found = tx.all(QUERIES["present"], {"emails": [persona.email for persona in wanted]})
    return {row["email"] for row in found}


def _write_persona(database: Database, persona: Persona, now: datetime, seed: int, days: int) -> tuple[int, int]:
    with database.transaction(Role.AUTH) as tx:
        past_days = generate_history(persona, now=now, seed=seed, days=days, recorded_at=tx.now)
        (account,) = past_days.rows["users"]
        secret = {"password_hash": password_hash(), "email_verified_at": account["created_at"]}
        written = insert_rows(tx, "users", [{**account, **secret}])
        _become(tx, account["id"])
        for table in ORDER:
            written += insert_rows(tx, table, past_days.rows.get(table, []))
        outbox.append(tx, past_days.events)
    return written, len(past_days.events)


def password_hash() -> str:
    """Of the password that everyone knows, as strong as any other."""
    return PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1).hash(PASSWORD)


def _become(tx: Transaction, user_id: UUID) -> None:
    """Go on as the user who was just registered, in the same transaction: a history without its account cannot be left behind."""
    tx.run(QUERIES["become"], {"role": Role.API.value, "user_id": str(user_id)})

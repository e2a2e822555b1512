"""Switches the demo's accounts off where no demo is run: their password is public."""

from contextlib import suppress
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from focusflow.database.outbox import append, event
from focusflow.database.rows import update_row
from focusflow.database.session import Database, Role, Transaction
from focusflow.database.tables import users
from ingestion.demo.personas import PASSWORD, personas
from ingestion.demo.writer import QUERIES

EMAILS: Final = [persona.email for persona in personas()]


def switch(database: Database, *, on: bool) -> int:
    """Switch those accounts of the demo on or off that still have its password. Returns how many were changed.

    Switched off, an account has no sessions and no API keys any more, also when it is switched on again.
    """
    with database.transaction(Role.AUTH) as tx:
        found = tx.all(QUERIES["accounts"], {"emails": EMAILS, "is_active": not on})
        changed = [account for account in found if _has_known_password(account["password_hash"])]
        for account in changed:
            _switch(tx, account, on=on)
    return len(changed)


def _has_known_password(password_hash: str) -> bool:
    with suppress(VerifyMismatchError, InvalidHashError):
        return PasswordHasher().verify(password_hash, PASSWORD)
    return False


def _switch(tx: Transaction, account: dict[str, Any], *, on: bool) -> None:
    row = update_row(tx, users, account["id"], {"is_active": on})
    assert row is not None
    if not on:
        for query in ("end_sessions", "revoke_keys"):
            tx.run(QUERIES[query], {"user_id": account["id"], "now": tx.now})
    updated = event(
        "user.updated", user_id=row["id"], timezone=row["timezone"], subject=row["id"], version=row["version"], data=row,
        before={"is_active": not on}, recorded_at=tx.now, actor="system",
    )  # fmt: skip
    append(tx, [updated])

"""Acts that a stolen session must not be enough for: they ask for a password or code that was entered a short time ago."""

from datetime import timedelta
from pathlib import Path

from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.errors import Forbidden
from operational_api.security.authentication import Caller

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

RECENT = timedelta(minutes=15)


class ConfirmationNeeded(Forbidden):
    """Confirm first that it is you, with `POST /api/v1/auth/confirm`, or sign in again."""


def require(tx: Transaction, caller: Caller) -> None:
    """Refuse a caller who has neither signed in nor confirmed it of late."""
    if not is_recent(tx, caller):
        raise ConfirmationNeeded


def is_recent(tx: Transaction, caller: Caller) -> bool:
    row = tx.one(QUERIES["confirmed"], {"user_id": caller.user_id, "family": caller.family})
    return row is not None and row["confirmed_at"] is not None and row["confirmed_at"] > tx.now - RECENT

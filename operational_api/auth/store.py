"""Accounts and refresh tokens in Postgres."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from psycopg.rows import DictRow

from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.identity import new_id
from focusflow.problems import Conflict, Invalid, NotSignedIn
from operational_api.auth.schemas import Registration
from operational_api.security import tokens

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))


class AddressTaken(Conflict):
    """There is an account with this e-mail address already."""


class RefreshRefused(NotSignedIn):
    """This refresh token is not valid any more. Sign in again."""


def check_zone(tx: Transaction, timezone: str) -> None:
    """A zone that Postgres knows; the caller has asked Python."""
    row = tx.one(QUERIES["known_zone"], {"timezone": timezone})
    if row is None or not row["known"]:
        raise Invalid(f"The field body.timezone cannot be accepted: there is no time zone {timezone!r}.")


def register(tx: Transaction, new: Registration, password_hash: str) -> DictRow:
    given = new.model_dump(include={"email", "display_name", "timezone", "locale"})
    row = tx.one(QUERIES["add_user"], {**given, "id": new_id(), "now": tx.now, "password_hash": password_hash})
    if row is None:
        raise AddressTaken
    registered = event(
        "user.registered",
        user_id=row["id"],
        timezone=row["timezone"],
        subject=row["id"],
        version=row["version"],
        data=row,
        recorded_at=tx.now,
    )
    append(tx, [registered])
    return row


def begin_family(tx: Transaction, user_id: UUID, days: int, ip: str | None, user_agent: str | None) -> tuple[UUID, str]:
    """A new sign-in: the family that its refresh tokens belong to, and the first of them."""
    family, token = new_id(), tokens.refresh_token()
    tx.run(
        QUERIES["add_token"],
        {
            "id": new_id(),
            "user_id": user_id,
            "family": family,
            "token_hash": tokens.digest(token),
            "now": tx.now,
            "expires_at": tx.now + timedelta(days=days),
            "ip": ip,
            "user_agent": (user_agent or "")[:300],
        },
    )
    return family, token


def rotate(tx: Transaction, used: str, ip: str | None, user_agent: str | None) -> tuple[UUID, UUID, str] | None:
    """Use a refresh token up: its user, its family, and the next token. None when it cannot be used; then its family is revoked,
    for somebody has used it before, and nobody can tell who of the two is the owner.
    """
    successor, token = new_id(), tokens.refresh_token()
    row = tx.one(QUERIES["use_token"], {"token_hash": tokens.digest(used), "now": tx.now, "successor": successor})
    if row is None:
        family = tx.one(QUERIES["family_of"], {"token_hash": tokens.digest(used)})
        if family:
            tx.run(QUERIES["revoke_family"], {"family": family["family"], "now": tx.now})
        return None
    tx.run(
        QUERIES["add_token"],
        {
            "id": successor,
            "user_id": row["user_id"],
            "family": row["family"],
            "token_hash": tokens.digest(token),
            "now": tx.now,
            "expires_at": row["expires_at"],  # the end of the first counts for all: some day one signs in again
            "ip": ip,
            "user_agent": (user_agent or "")[:300],
        },
    )
    return row["user_id"], row["family"], token

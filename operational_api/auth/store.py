"""Accounts, the tokens of those who signed in, and the secrets behind links in mails."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from psycopg.rows import DictRow

from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.errors import Invalid, NotSignedIn
from focusflow.identity import new_id
from operational_api.auth.schemas import Registration
from operational_api.security import tokens
from operational_api.security.authentication import Origin
from reports.locales import first_weekday

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: How long the answer to a refresh may be lost on the way, or two tabs be at it at once.
GRACE = timedelta(seconds=10)

LINK_IS_GOOD_FOR = {"verify_email": timedelta(days=7), "reset_password": timedelta(hours=1)}


class RefreshRefused(NotSignedIn):
    """This refresh token is not valid any more. Sign in again."""


class LinkRefused(Invalid):
    """This link has been used or has expired. Ask for a new one."""


def check_zone(tx: Transaction, timezone: str) -> None:
    """A zone that Postgres knows; the caller has asked Python."""
    row = tx.one(QUERIES["known_zone"], {"timezone": timezone})
    if row is None or not row["known"]:
        raise Invalid.field("body.timezone", f"there is no time zone {timezone!r}")


def register(tx: Transaction, new: Registration, password_hash: str) -> DictRow | None:
    """The new account, or None where the address has one."""
    given = new.model_dump(include={"email", "display_name", "timezone", "locale"})
    given |= {"week_start": first_weekday(new.locale), "password_hash": password_hash}
    row = tx.one(QUERIES["add_user"], {**given, "id": new_id(), "now": tx.now})
    if row is None:
        return None
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


def begin_family(tx: Transaction, user_id: UUID, days: int, origin: Origin) -> tuple[UUID, str]:
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
            "ip": origin.ip,
            "user_agent": origin.user_agent,
        },
    )
    tx.run_before_commit(QUERIES["signed_in"], {"id": user_id, "now": tx.now})
    return family, token


def rotate(tx: Transaction, key: str, used: str, origin: Origin) -> tuple[UUID, UUID, str] | None:
    """Use a refresh token up: its user, its family, and the next token. Asked again at once, the same next token, for an answer can
    get lost on its way. None when it cannot be used; then its family is revoked, for somebody has used it before, and nobody can
    tell who of the two is the owner.
    """
    successor, token = new_id(), tokens.successor(key, used)
    row = tx.one(QUERIES["use_token"], {"token_hash": tokens.digest(used), "now": tx.now, "successor": successor})
    if row is None:
        return _used_before(tx, used, token)
    tx.run(
        QUERIES["add_token"],
        {
            "id": successor,
            "user_id": row["user_id"],
            "family": row["family"],
            "token_hash": tokens.digest(token),
            "now": tx.now,
            "expires_at": row["expires_at"],  # the end of the first counts for all: some day one signs in again
            "ip": origin.ip,
            "user_agent": origin.user_agent,
        },
    )
    return row["user_id"], row["family"], token


def _used_before(tx: Transaction, used: str, token: str) -> tuple[UUID, UUID, str] | None:
    again = {"token_hash": tokens.digest(used), "since": tx.now - GRACE}
    row = tx.one(QUERIES["just_used"], again)
    if row is not None:
        return row["user_id"], row["family"], token
    family = tx.one(QUERIES["family_of"], again)
    if family:
        tx.run(QUERIES["revoke_family"], {"family": family["family"], "now": tx.now})
    return None


def set_password(tx: Transaction, user_id: UUID, password_hash: str) -> DictRow | None:
    """A new password ends every sign-in there is, and voids the links to set another."""
    who = {"user_id": user_id, "now": tx.now}
    tx.run(QUERIES["revoke_all_sessions"], who)
    tx.run(QUERIES["void_mail_tokens"], who)
    return tx.one(QUERIES["set_password"], who | {"password_hash": password_hash})


def link_token(tx: Transaction, user_id: UUID, purpose: str) -> str:
    """The secret of a link in a mail, good once."""
    token = tokens.refresh_token()
    stored = {"id": new_id(), "user_id": user_id, "purpose": purpose, "token_hash": tokens.digest(token)}
    tx.run(QUERIES["add_mail_token"], {**stored, "now": tx.now, "expires_at": tx.now + LINK_IS_GOOD_FOR[purpose]})
    return token


def use_link(tx: Transaction, token: str, purpose: str) -> UUID:
    """Whose link it is; it is used up with this."""
    used = {"token_hash": tokens.digest(token), "purpose": purpose, "now": tx.now}
    row = tx.one(QUERIES["use_mail_token"], used)
    if row is None:
        raise LinkRefused
    user_id: UUID = row["user_id"]
    tx.run(QUERIES["reached"], {"user_id": user_id})  # whoever opens it has got our mail
    return user_id

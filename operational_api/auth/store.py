"""Accounts, the tokens of those who signed in, and the secrets behind links in mails."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from focusflow.clock import zone_names
from focusflow.contracts.fields import Actor
from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.rows import update_row
from focusflow.database.session import Transaction
from focusflow.database.tables import users
from focusflow.errors import Invalid, NotSignedIn
from focusflow.identity import new_id
from focusflow.key_ring import KeyRing
from focusflow.locales import DEFAULT, first_weekday
from operational_api.auth.schemas import Registration
from operational_api.security import session_tokens, tokens
from operational_api.security.authentication import Origin
from operational_api.security.identity_provider import EndedProviderSession, SignInAttempt, SignInRefused

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: How long the answer to a refresh may be lost on the way, or two tabs be at it at once.
GRACE = timedelta(seconds=10)

#: How long a user may take to sign in at the provider.
PROVIDER_ANSWERS_WITHIN = timedelta(minutes=10)

LINK_IS_GOOD_FOR = {
    "verify_email": timedelta(days=7),
    "reset_password": timedelta(hours=1),
    "confirm_new_email": timedelta(hours=24),
    "confirm_old_email": timedelta(hours=24),
}


class RefreshRefused(NotSignedIn):
    """This refresh token is not valid any more. Sign in again."""


class LinkRefused(Invalid):
    """This link has been used or has expired. Ask for a new one."""


def is_zone(tx: Transaction, timezone: str) -> bool:
    """Whether both Python and Postgres know a time zone."""
    row = tx.one(QUERIES["known_zone"], {"timezone": timezone})
    return timezone in zone_names() and row is not None and row["known"]


def check_zone(tx: Transaction, timezone: str) -> None:
    if not is_zone(tx, timezone):
        raise Invalid.field("body.timezone", f"there is no time zone {timezone!r}")


@dataclass(frozen=True, slots=True)
class PendingRegistration:
    """What was registered with an address that is not confirmed yet."""

    password_hash: str
    profile: dict[str, Any]

    @classmethod
    def of(cls, account: DictRow) -> Self:
        """As the account is now."""
        return cls(
            account["password_hash"],
            {name: account[name] for name in ("display_name", "timezone", "locale", "week_start")},
        )


def pending(new: Registration, password_hash: str) -> PendingRegistration:
    locale = new.locale or DEFAULT
    profile = new.model_dump(include={"display_name", "timezone"})
    return PendingRegistration(password_hash, profile | {"locale": locale, "week_start": first_weekday(locale)})


def register(tx: Transaction, new: Registration, password_hash: str) -> DictRow | None:
    """The new account, or None where the address has one."""
    given = {"email": new.email, "password_hash": password_hash, **pending(new, password_hash).profile}
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
    token = tokens.refresh_token()
    return _begin(tx, user_id, token, tx.now + timedelta(days=days), origin, seen_at=None), token


def begin_session(
    tx: Transaction,
    user_id: UUID,
    hours: int,
    origin: Origin,
    *,
    confirmed_at: datetime | None = None,
    provider_session: str | None = None,
) -> tuple[str, datetime]:
    """A new session: its secret, and its end. `confirmed_at` is when its user proved who they are, if not just now; `provider_session` is
    the session at the provider with which it ends.
    """
    token, expires_at = session_tokens.new_for(user_id), tx.now + timedelta(hours=hours)
    family = _begin(tx, user_id, token, expires_at, origin, seen_at=tx.now, provider_session=provider_session)
    if confirmed_at is not None:
        tx.run(QUERIES["confirm_family"], {"user_id": user_id, "family": family, "now": confirmed_at})
    return token, expires_at


def _begin(
    tx: Transaction,
    user_id: UUID,
    token: str,
    expires_at: datetime,
    origin: Origin,
    *,
    seen_at: datetime | None,
    provider_session: str | None = None,
) -> UUID:
    family = new_id()
    tx.run(
        QUERIES["add_token"],
        {
            "id": new_id(),
            "user_id": user_id,
            "family": family,
            "token_hash": tokens.digest(token),
            "now": tx.now,
            "expires_at": expires_at,
            "seen_at": seen_at,
            "ip": origin.ip,
            "user_agent": origin.user_agent,
            "provider_session": provider_session,
        },
    )
    tx.run_before_commit(QUERIES["signed_in"], {"id": user_id, "now": tx.now})
    return family


def rotate(tx: Transaction, keys: KeyRing, used: str, origin: Origin) -> tuple[UUID, UUID, str] | None:
    """Use a refresh token up: its user, its family, and the next token. Asked again at once, the same next token, for an answer can
    get lost on its way. None when it cannot be used; then its family is revoked, for somebody has used it before, and nobody can
    tell who of the two is the owner.
    """
    successor, token = new_id(), tokens.successor(keys.signing, used)
    row = tx.one(QUERIES["use_token"], {"token_hash": tokens.digest(used), "now": tx.now, "successor": successor})
    if row is None:
        return _used_before(tx, keys, used)
    tx.run(
        QUERIES["add_token"],
        {
            "id": successor,
            "user_id": row["user_id"],
            "family": row["family"],
            "token_hash": tokens.digest(token),
            "now": tx.now,
            "seen_at": None,
            "expires_at": row["expires_at"],  # the end of the first counts for all: some day one signs in again
            "ip": origin.ip,
            "user_agent": origin.user_agent,
            "provider_session": None,
        },
    )
    return row["user_id"], row["family"], token


def _used_before(tx: Transaction, keys: KeyRing, used: str) -> tuple[UUID, UUID, str] | None:
    again = {"token_hash": tokens.digest(used), "since": tx.now - GRACE}
    row = tx.one(QUERIES["just_used"], again)
    if row is not None:
        followed = (tokens.successor(key, used) for key in keys)
        token = next((each for each in followed if tokens.digest(each) == row["follows"]), None)
        return (row["user_id"], row["family"], token) if token else None
    family = tx.one(QUERIES["family_of"], again)
    if family:
        tx.run(QUERIES["revoke_family"], {"family": family["family"], "now": tx.now})
    return None


def set_password(
    tx: Transaction, user_id: UUID, password_hash: str, kept_session: UUID | None = None
) -> DictRow | None:
    """A new password ends every sign-in but the session in which it was chosen, and voids the links to set another."""
    who = {"user_id": user_id, "now": tx.now, "password_hash": password_hash}
    end_all_sessions(tx, user_id, kept_session)
    tx.run(QUERIES["void_mail_tokens"], who | {"purpose": "reset_password"})
    void_email_changes(tx, user_id)
    tx.run(QUERIES["follow_password"], who)
    return tx.one(QUERIES["set_password"], who)


def revoke_keys(tx: Transaction, user_id: UUID) -> list[DictRow]:
    """Revoke all API keys of an account. Returns those that worked until now."""
    working = working_keys(tx, user_id)
    tx.run(QUERIES["revoke_keys"], {"user_id": user_id, "now": tx.now})
    return working


def working_keys(tx: Transaction, user_id: UUID) -> list[DictRow]:
    return tx.all(QUERIES["working_keys"], {"user_id": user_id, "now": tx.now})


def lock_out(tx: Transaction, user_id: UUID) -> None:
    """Revoke everything that acts for an account: sessions, access tokens and API keys."""
    end_all_sessions(tx, user_id)
    tx.run(QUERIES["new_epoch"], {"user_id": user_id})
    revoke_keys(tx, user_id)


def take_over(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    """Give an account to the owner of its address: everything ends that whoever registered it first has set up."""
    lock_out(tx, user_id)
    remove_second_factor(tx, user_id)
    set_password(tx, user_id, password_hash)


def has_second_factor(tx: Transaction, user_id: UUID) -> bool:
    row = tx.one(QUERIES["second_factor"], {"user_id": user_id})
    return row is not None and row["confirmed_at"] is not None


def remove_second_factor(tx: Transaction, user_id: UUID) -> bool:
    return tx.run(QUERIES["remove_second_factor"], {"user_id": user_id}) > 0


def end_all_sessions(tx: Transaction, user_id: UUID, kept: UUID | None = None) -> None:
    """End every sign-in of an account, except one where it is named."""
    tx.run(QUERIES["revoke_all_sessions"], {"user_id": user_id, "now": tx.now, "kept": kept})


def verified(tx: Transaction, user_id: UUID) -> None:
    """The address belongs to the account's owner. Links of other registrations are void: each would set its own password."""
    tx.run(QUERIES["verified"], {"user_id": user_id, "now": tx.now})
    tx.run(QUERIES["void_mail_tokens"], {"user_id": user_id, "now": tx.now, "purpose": "verify_email"})


def add_pending_sign_in(tx: Transaction, secret: str, attempt: SignInAttempt) -> None:
    values = {"secret_hash": tokens.digest(secret), "expires_at": tx.now + PROVIDER_ANSWERS_WITHIN}
    tx.run(QUERIES["add_pending_sign_in"], asdict(attempt) | values)


def take_pending_sign_in(tx: Transaction, secret: str, state: str) -> SignInAttempt:
    """The attempt that a browser with this secret began; it is used up with this."""
    row = tx.one(QUERIES["take_pending_sign_in"], {"secret_hash": tokens.digest(secret), "state": state, "now": tx.now})
    if row is None:
        raise SignInRefused
    return SignInAttempt(**row)


def end_provider_sessions(tx: Transaction, sign_out: EndedProviderSession) -> dict[UUID, UUID]:
    """End the sessions that began with one at the provider. Returns each with its user. Raises if the message was taken before."""
    values = {"token_hash": tokens.digest(sign_out.token_id), "expires_at": sign_out.is_old_after}
    if tx.one(QUERIES["take_provider_sign_out"], values) is None:
        raise SignInRefused
    about = {"issuer": sign_out.issuer, "subject": sign_out.subject, "session": sign_out.session}
    return {row["family"]: row["user_id"] for row in tx.all(QUERIES["end_provider_sessions"], about | {"now": tx.now})}


def link_token(
    tx: Transaction,
    user_id: UUID,
    purpose: str,
    registration: PendingRegistration | None = None,
    change: Mapping[str, str] | None = None,
) -> str:
    """The secret of a link in an email, good once. One that confirms an address carries what was registered with it, and one that changes it
    the new address.
    """
    carried_profile = registration.profile if registration else change
    token = tokens.refresh_token()
    stored = {"id": new_id(), "user_id": user_id, "purpose": purpose, "token_hash": tokens.digest(token)}
    carried = {
        "password_hash": registration and registration.password_hash,
        "profile": carried_profile and orjson.dumps(carried_profile).decode(),
    }
    expires_at = tx.now + LINK_IS_GOOD_FOR[purpose]
    tx.run(QUERIES["add_mail_token"], {**stored, **carried, "now": tx.now, "expires_at": expires_at})
    return token


def use_link(tx: Transaction, token: str, purpose: str) -> DictRow:
    """Whose link it is and what it carries; it is used up with this."""
    used = {"token_hash": tokens.digest(token), "purpose": purpose, "now": tx.now}
    row = tx.one(QUERIES["use_mail_token"], used)
    if row is None:
        raise LinkRefused
    tx.run(QUERIES["reached"], {"user_id": row["user_id"]})  # whoever opens it has got our mail
    return row


def use_email_change(tx: Transaction, token: str) -> DictRow:
    """A link of either address; it is used up with this."""
    try:
        return use_link(tx, token, "confirm_new_email")
    except LinkRefused:
        return use_link(tx, token, "confirm_old_email")


def change_email(tx: Transaction, link: DictRow) -> bool:
    """Change the address once no link of the change is left to be opened. Links to the old address are void from then on."""
    user_id, change = link["user_id"], link["profile"]
    account = tx.one(
        QUERIES["profile"], {"user_id": user_id}
    )  # locks it: of two links at once, the second finds the first used
    waiting = tx.one(QUERIES["waiting_email_change"], {"user_id": user_id, "change": change["change"]})
    if account is None or not account["is_active"] or waiting is not None:
        return False
    change_account(tx, account, {"email": change["email"]})
    tx.run(QUERIES["void_mail_tokens"], {"user_id": user_id, "now": tx.now, "purpose": "reset_password"})
    verified(tx, user_id)
    return True


def void_email_changes(tx: Transaction, user_id: UUID) -> None:
    for purpose in ("confirm_new_email", "confirm_old_email"):
        tx.run(QUERIES["void_mail_tokens"], {"user_id": user_id, "now": tx.now, "purpose": purpose})


def confirm_registration(tx: Transaction, token: str) -> tuple[UUID, bool]:
    """Whose address a link confirms, and whether that set the account's password.

    Anyone can register an address before its owner does. So the password and the profile of the registration whose link is opened
    count, and everything ends that whoever came first has started.
    """
    link = use_link(tx, token, "verify_email")
    user_id: UUID = link["user_id"]
    before = tx.one(QUERIES["profile"], {"user_id": user_id})
    assert before is not None
    is_first = link["password_hash"] in (None, before["password_hash"])
    if not is_first:
        take_over(tx, user_id, link["password_hash"])
        change_account(tx, before, link["profile"])
    verified(tx, user_id)
    return user_id, not is_first


def change_account(
    tx: Transaction, before: DictRow, values: Mapping[str, Any], actor: Actor = "user"
) -> dict[str, Any]:
    """Save what differs from the account as it was, with its event. Returns the earlier values of what changed."""
    changed = {name: before[name] for name, value in values.items() if before[name] != value}
    if changed:
        row = update_row(tx, users, before["id"], values)
        assert row is not None
        updated = event(
            "user.updated", user_id=row["id"], timezone=row["timezone"], subject=row["id"], version=row["version"], data=row,
            before=changed, recorded_at=tx.now, actor=actor,
        )  # fmt: skip
        append(tx, [updated])
    return changed

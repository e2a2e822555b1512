"""Sign-in with an OpenID Connect provider, for the dashboard: it sends the browser there and brings back what the provider answered.

An account is found by who the user is at the provider. The first time, it is found by its address, and only if the provider has verified
that the address is theirs: anybody can enter the address of another user.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from focusflow import email_address
from focusflow.database.session import Role, Transaction
from focusflow.errors import Forbidden, Problem
from focusflow.settings import Locale, Settings
from operational_api.auth import store
from operational_api.auth.routes import CodeNeeded
from operational_api.auth.schemas import DisplayName, NewSession, Registration, Zone
from operational_api.http.route import TypedRoute
from operational_api.http.schema_base import Input, Output
from operational_api.http.services import Shared
from operational_api.security import audit, login_throttle, passwords, tokens
from operational_api.security.authentication import Origin, RequestOrigin
from operational_api.security.identity_provider import CONFIRMATION_MAX_AGE, Identity, SignInAttempt, SignInRefused
from operational_api.security.permissions import ROLES

#: The dashboard's own, like its sessions: other clients use tokens and keys.
router = APIRouter(prefix="/auth/oidc", route_class=TypedRoute, include_in_schema=False)

Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class NoAccount(Forbidden):
    """You have no account here. Ask the operator of this installation for one."""


class AddressNotVerified(Forbidden):
    """Your sign-in provider has not verified your email address. Verify it there, then sign in again."""


class AccountInactive(Forbidden):
    """This account is deactivated. Ask the operator of this installation."""


class PendingSignIn(Output):
    """A sign-in at the provider that has begun."""

    authorization_url: str = Field(description="Where to send the browser.")
    secret: str = Field(description="Ties the answer to the browser; it must come back with it.")


class ProviderAnswer(Input):
    """What the browser brought back from the provider."""

    secret: Short
    state: Short
    code: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class ProviderMessage(Input):
    """What the provider itself sends when a session there has ended."""

    logout_token: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class ProviderSignOut(Output):
    """How to sign out of the provider."""

    sign_out_url: str | None


@router.get("")
def get_provider(shared: Shared) -> ProviderSignOut:
    """Where to sign out of the provider, too."""
    return ProviderSignOut(sign_out_url=shared.identity_provider.sign_out_url())


@router.post("", status_code=201)
def begin_sign_in(origin: RequestOrigin, shared: Shared, *, is_confirmation: bool = False) -> PendingSignIn:
    """Begin a sign-in at the provider. One that confirms who the user is has the provider ask them again."""
    login_throttle.count(shared.database, login_throttle.requests_of("single sign-on", origin.ip))
    with shared.database.transaction(Role.AUTH) as tx:
        after = tx.now - CONFIRMATION_MAX_AGE if is_confirmation else None
    attempt, secret = SignInAttempt.new(after), tokens.refresh_token()
    url = shared.identity_provider.authorization_url(attempt)
    with shared.database.transaction(Role.AUTH) as tx:
        store.add_pending_sign_in(tx, secret, attempt)
    return PendingSignIn(authorization_url=url, secret=secret)


@router.post("/callback", status_code=201)
def finish_sign_in(body: ProviderAnswer, origin: RequestOrigin, shared: Shared) -> NewSession:
    """Begin a session with the answer of the provider."""
    try:
        with shared.database.transaction(Role.AUTH) as tx:
            attempt = store.take_pending_sign_in(tx, body.secret, body.state)
        identity = shared.identity_provider.identity(body.code, attempt, tx.now)
        with shared.database.transaction(Role.AUTH) as tx:
            account = _account_of(tx, identity, shared.settings, origin)
            begun = None
            if not store.has_second_factor(tx, account["id"]):
                begun = store.begin_session(
                    tx,
                    account["id"],
                    shared.settings.session_hours,
                    origin,
                    confirmed_at=identity.authenticated_at,
                    provider_session=identity.session,
                )
                audit.record(tx, "sign-in", origin, actor_id=None, user_id=account["id"], after={"method": "oidc"})
    except (SignInRefused, Forbidden) as refused:
        _record_refusal(shared, origin, refused)
        raise
    if begun is None:
        raise CodeNeeded.for_account(shared, account, tx.now, identity.session)
    token, expires_at = begun
    return NewSession(token=token, expires_at=expires_at, idle_minutes=shared.settings.session_idle_minutes)


@router.post("/sign-out", status_code=204)
def end_sessions(body: ProviderMessage, origin: RequestOrigin, shared: Shared) -> None:
    """End the sessions that began with one at the provider, which says that it has ended."""
    with shared.database.transaction(Role.AUTH) as tx:
        now = tx.now
    sign_out = shared.identity_provider.signed_out(body.logout_token, now)
    with shared.database.transaction(Role.AUTH) as tx:
        for family, user_id in store.end_provider_sessions(tx, sign_out).items():
            audit.record(
                tx,
                "sign-out",
                origin,
                actor_id=None,
                user_id=user_id,
                entity="session",
                entity_id=family,
                after={"method": "oidc"},
            )


def _record_refusal(shared: Shared, origin: Origin, refused: Problem) -> None:
    after = {"method": "oidc", "reason": type(refused).__name__}
    with shared.database.transaction(Role.AUTH) as tx:
        audit.record(tx, "sign-in.refused", origin, actor_id=None, user_id=None, after=after)


def _account_of(tx: Transaction, identity: Identity, settings: Settings, origin: Origin) -> DictRow:
    who = {"issuer": identity.issuer, "subject": identity.subject}
    known = tx.one(store.QUERIES["identity"], who)
    user_id: UUID = known["user_id"] if known else _link(tx, identity, settings)
    account = tx.one(store.QUERIES["profile"], {"user_id": user_id})
    if account is None or not account["is_active"]:
        raise AccountInactive
    if known is None:
        tx.run(store.QUERIES["add_identity"], who | {"user_id": user_id, "now": tx.now})
        audit.record(tx, "identity.linked", origin, actor_id=None, user_id=user_id)
    if settings.oidc_roles:
        role = role_of(identity, settings)
        if before := store.change_account(tx, account, {"role": role}, actor="system"):
            audit.record(
                tx, "user.changed", origin, actor_id=None, user_id=user_id, before=before, after={"role": role}
            )
    return account


def _link(tx: Transaction, identity: Identity, settings: Settings) -> UUID:
    """The account of an address that the provider has verified, which may be a new one."""
    email = _deliverable(identity.email) if identity.is_email_verified else None
    if email is None:
        raise AddressNotVerified
    account = tx.one(store.QUERIES["by_email"], {"email": email})
    if account is None and not settings.oidc_create_accounts:
        raise NoAccount
    if account is None:
        account = _register(tx, settings, email, identity.claims)
    elif account["email_verified_at"] is None and account["is_active"]:
        store.take_over(tx, account["id"], passwords.unusable())  # a stranger may have registered the address
    store.verified(tx, account["id"])
    user_id: UUID = account["id"]
    return user_id


def _deliverable(email: str | None) -> str | None:
    try:
        return email_address.deliverable(email or "")
    except ValueError:
        return None


def _register(tx: Transaction, settings: Settings, email: str, claims: Mapping[str, Any]) -> DictRow:
    zone = _valid(Zone, claims.get("zoneinfo"))
    new = Registration(
        email=email,
        password=tokens.refresh_token(),  # not what is stored: who wants a password asks for a link to set one
        display_name=_valid(DisplayName, claims.get("name")) or _valid(DisplayName, email.partition("@")[0]) or "You",
        timezone=zone if zone and store.is_zone(tx, zone) else "UTC",
        locale=_valid(Locale, claims.get("locale")) or settings.locale,
    )
    account = store.register(tx, new, passwords.unusable())
    if account is None:  # another request has registered it at this moment
        raise SignInRefused
    return account


def _valid(shape: Any, value: Any) -> str | None:
    try:
        text: str = TypeAdapter(shape).validate_python(value, strict=True)
    except ValidationError:
        return None
    return text


def role_of(identity: Identity, settings: Settings) -> str:
    """The highest role of a user's groups."""
    roles = (settings.oidc_roles[group] for group in identity.groups if group in settings.oidc_roles)
    return max(roles, key=ROLES.__getitem__, default="user")

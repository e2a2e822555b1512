"""Registration, sign-in, sign-out and sessions. No response reveals whether an address has an account."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Query
from psycopg.rows import DictRow

from focusflow.clock import zone_names
from focusflow.database.session import Role, Transaction
from focusflow.errors import Forbidden, Invalid, NotFound, NotSignedIn
from focusflow.settings import Settings
from operational_api.auth import emails, store
from operational_api.auth.email_dispatch import dispatch, send_later
from operational_api.auth.schemas import (
    Accepted,
    NewSession,
    RefreshToken,
    Registration,
    Session,
    Sessions,
    SignIn,
    Tokens,
)
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Services, Shared
from operational_api.http.unit_of_work import UnitOfWork
from operational_api.security import audit, login_throttle, passwords
from operational_api.security.authentication import Origin, RequestOrigin
from operational_api.security.login_throttle import TooManyAttempts
from operational_api.security.permissions import SETTING_UP
from operational_api.security.tokens import Access, access_token, ticket

router = APIRouter(prefix="/auth", tags=["Accounts"], route_class=TypedRoute)

REGISTERED = "Check your inbox. If this address is new, we sent a link to confirm it."


class WrongSignIn(NotSignedIn):
    """The email or password is wrong, or the email is not confirmed yet."""


class CodeNeeded(NotSignedIn):
    """Your account needs a code as well. Send it with the `ticket` of this answer to `POST /api/v1/auth/login/code`, within five minutes."""

    @classmethod
    def for_account(
        cls, shared: Services, account: DictRow, now: datetime, provider_session: str | None = None
    ) -> Self:
        problem = cls()
        access = Access(account["id"], account["token_epoch"], None, provider_session=provider_session)
        problem.members = {"ticket": ticket(shared.settings.signing_key, access, now=now)}
        return problem


class RegistrationClosed(Forbidden):
    """Registration is disabled on this installation. Ask its operator for an account."""


class SessionNotFound(NotFound):
    """No session has this id."""


def check_zone_name(timezone: str) -> None:
    if timezone not in zone_names():
        raise Invalid.field("body.timezone", f"there is no time zone {timezone!r}")


def tokens_of(shared: Services, access: Access, refresh_token: str | None, now: datetime) -> dict[str, Any]:
    minutes = shared.settings.access_token_minutes
    return {
        "access_token": access_token(shared.settings.signing_key, access, now=now, minutes=minutes),
        "token_type": "bearer",
        "expires_in": minutes * 60,
        "refresh_token": refresh_token,
    }


@router.post(
    "/register",
    status_code=202,
    responses=problems(RegistrationClosed, Invalid, TooManyAttempts),
)
def create_account(body: Registration, origin: RequestOrigin, shared: Shared, later: BackgroundTasks) -> Accepted:
    """Create an account. The response is the same whether or not the address already has one; its owner is informed by email."""
    if not shared.settings.registration_open:
        raise RegistrationClosed
    body = body.model_copy(update={"locale": body.locale or shared.settings.locale})
    check_zone_name(body.timezone)
    passwords.check(body.password, "password", body.email, body.display_name)
    login_throttle.count(shared.database, login_throttle.requests_of("register", origin.ip))
    password_hash = passwords.hashed(body.password)
    with shared.database.transaction(Role.AUTH) as tx:
        store.check_zone(tx, body.timezone)
        store.register(tx, body, password_hash)
    later.add_task(send_later, shared, _send_registration_email, body.email, store.pending(body, password_hash), origin)
    return Accepted(message=REGISTERED)


def _send_registration_email(shared: Services, email: str, new: store.PendingRegistration, origin: Origin) -> None:
    with shared.database.transaction(Role.AUTH) as tx:
        account = tx.one(store.QUERIES["by_email"], {"email": email})
        if account is None or not account["is_active"]:
            return
        if not login_throttle.may_mail(tx, login_throttle.mails_to("registration", email, origin.ip)):
            return
        token = None if account["email_verified_at"] else store.link_token(tx, account["id"], "verify_email", new)
    if token is None:
        dispatch(shared, account["locale"], emails.account_exists, account["email"])
    else:
        lifetime = store.LINK_IS_GOOD_FOR["verify_email"]
        dispatch(shared, account["locale"], emails.verify_email, account["email"], token, lifetime)


Begun = TypeVar("Begun")


@router.post("/login", responses=problems(WrongSignIn, CodeNeeded, Invalid, TooManyAttempts))
def sign_in(body: SignIn, origin: RequestOrigin, shared: Shared) -> Tokens:
    """Sign in with email and password."""
    days = shared.settings.refresh_token_days
    account, (family, token), now = _sign_in(
        body, origin, shared, lambda tx, me: store.begin_family(tx, me, days, origin)
    )
    return Tokens(**tokens_of(shared, Access(account["id"], account["token_epoch"], family), token, now))


@router.post(
    "/sessions", status_code=201, include_in_schema=False
)  # the dashboard's own: other clients use tokens and keys
def begin_session(body: SignIn, origin: RequestOrigin, shared: Shared) -> NewSession:
    """Sign in for a server that acts for a browser. The session is checked with each request and ends when its user is idle for long."""
    hours = shared.settings.session_hours
    _, (token, expires_at), _ = _sign_in(
        body, origin, shared, lambda tx, me: store.begin_session(tx, me, hours, origin)
    )
    return NewSession(token=token, expires_at=expires_at, idle_minutes=shared.settings.session_idle_minutes)


def _sign_in(
    body: SignIn, origin: Origin, shared: Services, begin: Callable[[Transaction, UUID], Begun]
) -> tuple[DictRow, Begun, datetime]:
    """The account of an address and its password, and what was begun for it."""
    guesses = login_throttle.guesses(body.email, origin.ip)
    login_throttle.count(shared.database, guesses)
    with shared.database.transaction(Role.AUTH) as tx:
        account = tx.one(store.QUERIES["by_email"], {"email": body.email})
    is_right = passwords.matches(body.password, account["password_hash"] if account else None)
    me = account["id"] if account else None
    gets_in = is_right and account is not None and _may_enter(account, shared.settings)
    with shared.database.transaction(Role.AUTH, me) as tx:
        needs_code = gets_in and me is not None and store.has_second_factor(tx, me)
        if not needs_code:
            audit.record(tx, "sign-in" if gets_in else "sign-in.refused", origin, actor_id=None, user_id=me)
        begun = begin(tx, me) if me and gets_in and not needs_code else None
    if account is None or not gets_in:
        raise WrongSignIn
    login_throttle.succeeded(shared.database, guesses)
    if begun is None:
        raise CodeNeeded.for_account(shared, account, tx.now)
    return account, begun, tx.now


def _may_enter(account: DictRow, settings: Settings) -> bool:
    is_verified = account["email_verified_at"] is not None or not settings.must_verify_email
    return account["is_active"] and is_verified


@router.post("/refresh", responses=problems(store.RefreshRefused, Invalid))
def refresh_tokens(body: RefreshToken, origin: RequestOrigin, shared: Shared) -> Tokens:
    """Exchange a refresh token for new tokens. Reusing an old one after more than ten seconds ends the session."""
    with shared.database.transaction(Role.AUTH) as tx:
        rotated = store.rotate(tx, shared.settings.keys, body.refresh_token, origin)
        account = tx.one(store.QUERIES["account"], {"user_id": rotated[0]}) if rotated else None
    if rotated is None or account is None or not account["is_active"]:
        raise store.RefreshRefused
    user_id, family, token = rotated
    return Tokens(**tokens_of(shared, Access(user_id, account["token_epoch"], family), token, tx.now))


@router.post("/logout", status_code=204, dependencies=[Depends(SETTING_UP)], responses=problems(NotSignedIn))
def sign_out(uow: UnitOfWork) -> None:
    """End this session. Its tokens become invalid."""
    uow.tx.run(store.QUERIES["revoke_family"], {"family": uow.caller.family, "now": uow.tx.now})
    uow.audit("sign-out", entity="session", entity_id=uow.caller.family)


@router.get("/sessions", responses=problems(NotSignedIn))
def list_sessions(uow: UnitOfWork, shared: Shared) -> Sessions:
    """List your sessions."""
    idle_since = uow.tx.now - shared.settings.session_idle
    mine = {"user_id": uow.caller.user_id, "current": uow.caller.family, "now": uow.tx.now, "idle_since": idle_since}
    return Sessions(items=[Session.from_row(row) for row in uow.tx.all(store.QUERIES["sessions"], mine)])


@router.post(
    "/sessions/current/seen", status_code=204, dependencies=[Depends(SETTING_UP)], responses=problems(NotSignedIn)
)
def keep_session(uow: UnitOfWork) -> None:
    """Tell that the user of this session has done something, so that it does not end as idle. Requests alone do not count: a page that
    refreshes itself makes some too.
    """
    values = {"user_id": uow.caller.user_id, "family": uow.caller.family, "now": uow.tx.now}
    uow.tx.run_before_commit(store.QUERIES["seen"], values)


@router.delete(
    "/sessions/{session_id:uuid}", status_code=204, responses=problems(NotSignedIn, SessionNotFound, Invalid)
)
def end_session(session_id: UUID, uow: UnitOfWork) -> None:
    """End one session."""
    mine = {"user_id": uow.caller.user_id, "family": session_id, "now": uow.tx.now}
    if uow.tx.one(store.QUERIES["revoke_session"], mine) is None:
        raise SessionNotFound
    uow.audit("session.revoked", entity="session", entity_id=session_id)


@router.delete("/sessions", status_code=204, responses=problems(NotSignedIn, Invalid))
def end_all_sessions(
    uow: UnitOfWork,
    revoke_keys: Annotated[bool, Query(description="Also revoke all API keys of the account.")] = False,  # noqa: FBT002 (a query parameter)
) -> None:
    """End all sessions, including this one. API keys are kept unless `revoke_keys` is set."""
    store.end_all_sessions(uow.tx, uow.caller.user_id)
    keys = store.revoke_keys(uow.tx, uow.caller.user_id) if revoke_keys else []
    uow.audit("session.all-revoked", entity="session", after={"keys_revoked": len(keys)})

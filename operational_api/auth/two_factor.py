"""The second factor of an account, and confirming who one is: codes of an authenticator app, or recovery codes."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends

from focusflow.database.session import Role, Transaction
from focusflow.errors import Conflict, Forbidden, Invalid, NotSignedIn
from focusflow.settings import Settings
from operational_api.auth import emails, store
from operational_api.auth.email_dispatch import dispatch, send_later
from operational_api.auth.emails import TwoFactorChange
from operational_api.auth.routes import tokens_of
from operational_api.auth.schemas import (
    By,
    Code,
    Confirmation,
    Identification,
    NewSession,
    NewTwoFactor,
    RecoveryCodes,
    TicketCode,
    Tokens,
    TwoFactor,
)
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Services, Shared
from operational_api.http.unit_of_work import KeyReused, UnitOfWork
from operational_api.security import audit, login_throttle, passwords, second_factor, step_up
from operational_api.security.authentication import (
    Credentials,
    CredentialsDependency,
    Origin,
    RequestOrigin,
    authenticate,
)
from operational_api.security.login_throttle import TooManyAttempts
from operational_api.security.step_up import ConfirmationNeeded
from operational_api.security.tokens import Access, digest, read_ticket

router = APIRouter(prefix="/auth/two-factor", tags=["Accounts"], route_class=TypedRoute)
sign_in_router = APIRouter(prefix="/auth", tags=["Accounts"], route_class=TypedRoute)


class WrongCode(NotSignedIn):
    """The code is wrong, was used before, or has expired. Enter the next one that your app shows."""


class NotConfirmed(Forbidden):
    """The password or code is wrong. If your account needs a code, send one."""


class AlreadyOn(Conflict):
    """Two-factor authentication is on. Turn it off first to set it up again."""


class NotOn(Conflict):
    """Two-factor authentication is not on."""


class Accepted(StrEnum):
    """What kind of code was valid."""

    APP_CODE = "app code"
    RECOVERY_CODE = "recovery code"


def accept(tx: Transaction, settings: Settings, user_id: UUID, code: str, origin: Origin) -> Accepted | None:
    """What a code is, if it is valid. Each counts once: a code of the app voids those before it, and a recovery code is used up."""
    row = tx.one(store.QUERIES["lock_second_factor"], {"user_id": user_id})
    if row is None:
        return None
    who = {"user_id": user_id}
    secret = second_factor.decrypted(settings.keys, user_id, row["secret"])
    plain = code.replace(" ", "")
    step = second_factor.step_of(secret, plain, tx.now.timestamp()) if secret else None
    if step is not None and step > row["last_step"]:
        tx.run(store.QUERIES["use_step"], who | {"step": step})
        return Accepted.APP_CODE
    used = digest(plain.lower())
    if row["confirmed_at"] is None or used not in row["recovery_hashes"]:
        return None
    tx.run(store.QUERIES["use_recovery_code"], who | {"used": used})
    after = {"recovery_codes_left": len(row["recovery_hashes"]) - 1}
    audit.record(tx, "two-factor.recovery-code-used", origin, actor_id=user_id, user_id=user_id, after=after)
    return Accepted.RECOVERY_CODE


def notify(later: BackgroundTasks, shared: Services, user_id: UUID, change: TwoFactorChange) -> None:
    """Tell the owner of an account by email, after the answer."""
    later.add_task(send_later, shared, _send_notice, user_id, change)


def _send_notice(shared: Services, user_id: UUID, change: TwoFactorChange) -> None:
    with shared.database.transaction(Role.AUTH, user_id) as tx:
        account = tx.one(store.QUERIES["by_id"], {"user_id": user_id})
        if account is None or not login_throttle.may_mail(tx, login_throttle.notices_to(user_id)):
            return
    dispatch(shared, account["locale"], emails.two_factor_changed, account["email"], change)


@sign_in_router.post("/login/code", responses=problems(WrongCode, Invalid, TooManyAttempts))
def sign_in_with_code(body: TicketCode, origin: RequestOrigin, shared: Shared, later: BackgroundTasks) -> Tokens:
    """Complete a sign-in whose answer was `/problems/code-needed`, with its ticket and a code."""
    access = _check_ticket(body, origin, shared, later)
    with shared.database.transaction(Role.AUTH, access.user_id) as tx:
        family, token = store.begin_family(tx, access.user_id, shared.settings.refresh_token_days, origin)
    return Tokens(**tokens_of(shared, Access(access.user_id, access.epoch, family), token, tx.now))


@sign_in_router.post("/sessions/code", status_code=201, include_in_schema=False)  # the dashboard's own
def begin_session_with_code(
    body: TicketCode, origin: RequestOrigin, shared: Shared, later: BackgroundTasks
) -> NewSession:
    """Complete the sign-in of a session."""
    access = _check_ticket(body, origin, shared, later)
    with shared.database.transaction(Role.AUTH, access.user_id) as tx:
        token, expires_at = store.begin_session(
            tx, access.user_id, shared.settings.session_hours, origin, provider_session=access.provider_session
        )
    return NewSession(token=token, expires_at=expires_at, idle_minutes=shared.settings.session_idle_minutes)


def _check_ticket(body: TicketCode, origin: Origin, shared: Services, later: BackgroundTasks) -> Access:
    """Whose ticket it is, once the code is right. A password that was changed since has voided it."""
    access = read_ticket(shared.settings.keys, body.ticket)
    me, guesses = access.user_id, login_throttle.codes(access.user_id)
    login_throttle.count(shared.database, guesses)
    with shared.database.transaction(Role.AUTH, me) as tx:
        account = tx.one(store.QUERIES["account"], {"user_id": me})
        is_good = account is not None and account["is_active"] and account["token_epoch"] == access.epoch
        is_good = is_good and not access.is_expired(tx.now)
        gets_in = accept(tx, shared.settings, me, body.code, origin) if is_good else None
        action, after = ("sign-in" if gets_in else "sign-in.refused"), {"factor": "code"}
        audit.record(tx, action, origin, actor_id=None, user_id=me, after=after)
    if not gets_in:
        raise WrongCode
    if gets_in is Accepted.RECOVERY_CODE:
        notify(later, shared, me, TwoFactorChange.RECOVERY_CODE_USED)
    login_throttle.succeeded(shared.database, guesses)
    return access


@sign_in_router.get("/confirm", responses=problems(NotSignedIn))
def get_confirmation(uow: UnitOfWork) -> Confirmation:
    """Get whether dangerous calls need a confirmation of who you are, and by what."""
    is_needed = not step_up.is_recent(uow.tx, uow.caller)
    with uow.acting_as(Role.AUTH):
        needs_code = store.has_second_factor(uow.tx, uow.caller.user_id)
        account = uow.tx.one(store.QUERIES["by_id"], {"user_id": uow.caller.user_id})
    has_password = account is not None and passwords.is_usable(account["password_hash"])
    by: By = "code" if needs_code else "password" if has_password else "provider"
    return Confirmation(is_needed=is_needed, by=by, has_password=has_password)


@sign_in_router.post(
    "/confirm", status_code=204, responses=problems(NotSignedIn, NotConfirmed, Invalid, TooManyAttempts)
)
def confirm_identity(
    body: Identification,
    credentials: Annotated[Credentials, Depends(CredentialsDependency())],
    origin: RequestOrigin,
    shared: Shared,
    later: BackgroundTasks,
) -> None:
    """Confirm that it is you, for calls that answer `/problems/confirmation-needed`. Send a code if two-factor authentication is on, otherwise
    your password. It counts for 15 minutes and this sign-in.
    """
    with authenticate(shared.database, credentials) as (_, caller):
        me = caller.user_id
    with shared.database.transaction(Role.AUTH, me) as tx:
        account = tx.one(store.QUERIES["by_id"], {"user_id": me})
        needs_code = store.has_second_factor(tx, me)
    assert account is not None
    guesses = login_throttle.codes(me) if needs_code else login_throttle.guesses(account["email"], origin.ip)
    login_throttle.count(shared.database, guesses)
    is_right = not needs_code and passwords.matches(body.password or "", account["password_hash"])
    with shared.database.transaction(Role.AUTH, me) as tx:
        accepted = accept(tx, shared.settings, me, body.code or "", origin) if needs_code else None
        is_right = is_right or accepted is not None
        if is_right:
            tx.run(store.QUERIES["confirm_family"], {"user_id": me, "family": caller.family, "now": tx.now})
        audit.record(tx, "confirmed" if is_right else "confirmation.refused", origin, actor_id=me, user_id=me)
    if not is_right:
        raise NotConfirmed
    if accepted is Accepted.RECOVERY_CODE:
        notify(later, shared, me, TwoFactorChange.RECOVERY_CODE_USED)
    login_throttle.succeeded(shared.database, guesses)


@router.get("", responses=problems(NotSignedIn))
def get_two_factor(uow: UnitOfWork) -> TwoFactor:
    """Get whether your account asks for a code at sign-in."""
    with uow.acting_as(Role.AUTH):
        row = uow.tx.one(store.QUERIES["second_factor"], {"user_id": uow.caller.user_id})
    if row is None or row["confirmed_at"] is None:
        return TwoFactor(is_on=False, since=None, recovery_codes_left=0)
    return TwoFactor(is_on=True, since=row["confirmed_at"], recovery_codes_left=row["recovery_codes_left"])


@router.post("", status_code=201, responses=problems(NotSignedIn, ConfirmationNeeded, AlreadyOn, KeyReused))
def begin_two_factor(uow: UnitOfWork, shared: Shared) -> NewTwoFactor:
    """Begin to set up two-factor authentication: get a key for your authenticator app. It counts once a code confirms it."""
    step_up.require(uow.tx, uow.caller)
    me, secret = uow.caller.user_id, second_factor.new_secret()
    stored = second_factor.encrypted(shared.settings.signing_key, me, secret)
    with uow.acting_as(Role.AUTH):
        account = uow.tx.one(store.QUERIES["by_id"], {"user_id": me})
        added = uow.tx.one(store.QUERIES["begin_second_factor"], {"user_id": me, "now": uow.tx.now, "secret": stored})
    if account is None or added is None:
        raise AlreadyOn
    return NewTwoFactor(key=second_factor.written(secret), uri=second_factor.address(secret, account["email"]))


@router.post("/on", responses=problems(NotSignedIn, NotConfirmed, AlreadyOn, Invalid, TooManyAttempts))
def turn_on_two_factor(
    body: Code,
    credentials: Annotated[Credentials, Depends(CredentialsDependency())],
    origin: RequestOrigin,
    shared: Shared,
    later: BackgroundTasks,
) -> RecoveryCodes:
    """Turn two-factor authentication on, with a code of the app. The recovery codes are shown only in this response."""
    with authenticate(shared.database, credentials) as (_, caller):
        me = caller.user_id
    login_throttle.count(shared.database, login_throttle.codes(me))
    with shared.database.transaction(Role.AUTH, me) as tx:
        if store.has_second_factor(tx, me):
            raise AlreadyOn
        if not accept(tx, shared.settings, me, body.code, origin):
            raise NotConfirmed
        codes = _new_recovery_codes(tx, me)
        audit.record(tx, "two-factor.turned-on", origin, actor_id=me, user_id=me)
    notify(later, shared, me, TwoFactorChange.TURNED_ON)
    login_throttle.succeeded(shared.database, login_throttle.codes(me))
    return RecoveryCodes(codes=codes)


@router.post("/recovery-codes", responses=problems(NotSignedIn, ConfirmationNeeded, NotOn, KeyReused))
def renew_recovery_codes(uow: UnitOfWork, shared: Shared, later: BackgroundTasks) -> RecoveryCodes:
    """Replace the recovery codes. They are shown only in this response; the old ones stop working."""
    step_up.require(uow.tx, uow.caller)
    with uow.acting_as(Role.AUTH):
        if not store.has_second_factor(uow.tx, uow.caller.user_id):
            raise NotOn
        codes = _new_recovery_codes(uow.tx, uow.caller.user_id)
    uow.audit("two-factor.recovery-codes-renewed")
    notify(later, shared, uow.caller.user_id, TwoFactorChange.NEW_RECOVERY_CODES)
    return RecoveryCodes(codes=codes)


@router.delete("", status_code=204, responses=problems(NotSignedIn, ConfirmationNeeded, NotOn))
def turn_off_two_factor(uow: UnitOfWork, shared: Shared, later: BackgroundTasks) -> None:
    """Turn two-factor authentication off."""
    step_up.require(uow.tx, uow.caller)
    with uow.acting_as(Role.AUTH):
        if not store.remove_second_factor(uow.tx, uow.caller.user_id):
            raise NotOn
    uow.audit("two-factor.turned-off")
    notify(later, shared, uow.caller.user_id, TwoFactorChange.TURNED_OFF)


def _new_recovery_codes(tx: Transaction, user_id: UUID) -> list[str]:
    codes = second_factor.new_recovery_codes()
    values = {"user_id": user_id, "now": tx.now, "hashes": [digest(code) for code in codes]}
    tx.run(store.QUERIES["set_recovery_codes"], values)
    return codes

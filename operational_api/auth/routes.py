"""Registering, signing in and out, and one's own account."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from focusflow.clock import zone_names
from focusflow.database.rows import update_row
from focusflow.database.session import Role
from focusflow.database.tables import users
from focusflow.problems import Conflict, Invalid, NotSignedIn
from operational_api.auth import store
from operational_api.auth.schemas import Me, MeChange, RefreshToken, Registration, SignIn, Tokens
from operational_api.problems import problems
from operational_api.security import passwords
from operational_api.security.limits import Attempts, TooManyAttempts
from operational_api.security.tokens import Access, access_token
from operational_api.services import Services, services
from operational_api.work import IfMatch, InOneTransaction, Stale, UnitOfWork, check_match

router = APIRouter(tags=["Accounts"], route_class=InOneTransaction)

Shared = Annotated[Services, Depends(services)]

ATTEMPTS = Attempts()


class WrongSignIn(NotSignedIn):
    """The e-mail address or the password is wrong."""


def _check_zone_name(timezone: str) -> None:
    if timezone not in zone_names():
        raise Invalid(f"The field body.timezone cannot be accepted: there is no time zone {timezone!r}.")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _tokens(shared: Services, access: Access, refresh_token: str, now: Any) -> dict[str, Any]:
    minutes = shared.settings.access_token_minutes
    return {
        "access_token": access_token(shared.settings.signing_key, access, now=now, minutes=minutes),
        "token_type": "bearer",
        "expires_in": minutes * 60,
        "refresh_token": refresh_token,
    }


@router.post("/auth/register", status_code=201, responses=problems(Conflict, Invalid, TooManyAttempts))
def register(body: Registration, request: Request, shared: Shared) -> Me:
    """Create an account. Sign in with it afterwards."""
    _check_zone_name(body.timezone)
    if body.password.lower() in passwords.COMMON or body.password.lower() == body.email.lower():
        raise Invalid("The field body.password cannot be accepted: it is among the first that anybody tries.")
    ATTEMPTS.count(f"register {_address(request)}", now=time.monotonic())
    password_hash = passwords.hashed(body.password)
    with shared.database.transaction(Role.AUTH) as tx:
        store.check_zone(tx, body.timezone)
        row = store.register(tx, body, password_hash)
    ATTEMPTS.forget(f"register {_address(request)}")
    return Me.model_validate({name: row[name] for name in Me.model_fields})


@router.post("/auth/login", responses=problems(WrongSignIn, Invalid, TooManyAttempts))
def login(body: SignIn, request: Request, shared: Shared) -> Tokens:
    """Sign in with e-mail address and password."""
    address = _address(request)
    pair = f"login {body.email.strip().lower()} from {address}"
    ATTEMPTS.count(pair, now=time.monotonic())
    with shared.database.transaction(Role.AUTH) as tx:
        account = tx.one(store.QUERIES["by_email"], {"email": body.email.strip().replace("\0", "")})
    is_right = passwords.matches(body.password, account["password_hash"] if account else None)
    if account is None or not is_right or not account["is_active"]:
        raise WrongSignIn
    ATTEMPTS.forget(pair)
    with shared.database.transaction(Role.AUTH, account["id"]) as tx:
        days = shared.settings.refresh_token_days
        family, token = store.begin_family(tx, account["id"], days, address, request.headers.get("user-agent"))
        tx.run(store.QUERIES["signed_in"], {"id": account["id"], "now": tx.now})
    return Tokens(**_tokens(shared, Access(account["id"], account["token_epoch"], family), token, tx.now))


@router.post("/auth/refresh", responses=problems(store.RefreshRefused, Invalid))
def refresh(body: RefreshToken, request: Request, shared: Shared) -> Tokens:
    """Get the next pair of tokens. A refresh token that is used twice ends the whole sign-in."""
    with shared.database.transaction(Role.AUTH) as tx:
        rotated = store.rotate(tx, body.refresh_token, _address(request), request.headers.get("user-agent"))
        account = tx.one(store.QUERIES["account"], {"user_id": rotated[0]}) if rotated else None
    if rotated is None or account is None or not account["is_active"]:
        raise store.RefreshRefused
    user_id, family, token = rotated
    return Tokens(**_tokens(shared, Access(user_id, account["token_epoch"], family), token, tx.now))


@router.post("/auth/logout", status_code=204, responses=problems(NotSignedIn))
def logout(work: UnitOfWork) -> None:
    """End this sign-in: its refresh tokens are void from now on."""
    work.tx.run(store.QUERIES["revoke_family"], {"family": work.caller.family, "now": work.tx.now})


@router.get("/me", response_model=Me, responses=problems(NotSignedIn))
def me(work: UnitOfWork) -> Response:
    """Your account."""
    row = _account(work)
    return work.reply({name: row[name] for name in Me.model_fields}, version=row["version"])


@router.patch("/me", response_model=Me, responses=problems(NotSignedIn, Stale, Invalid))
def change_me(body: MeChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change your account. A new time zone counts from now on; days that were stay where they were."""
    before = _account(work)
    check_match(if_match, before["version"])
    changes = body.model_dump(exclude_unset=True)
    for name in ("display_name", "timezone", "locale", "week_start"):
        if name in changes and changes[name] is None:
            raise Invalid(f"The field body.{name} cannot be accepted: it cannot be empty.")
    if "timezone" in changes:
        _check_zone_name(changes["timezone"])
        store.check_zone(work.tx, changes["timezone"])
    row = before
    if changes:
        row = update_row(work.tx, users, work.caller.user_id, changes) or before
        work.emit("user.updated", row, before=before)
    return work.reply({name: row[name] for name in Me.model_fields}, version=row["version"])


def _account(work: UnitOfWork) -> Any:
    row = work.tx.one(store.QUERIES["me"], {"user_id": work.caller.user_id})
    assert row is not None
    return row

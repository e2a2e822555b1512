"""Password changes, resets and email confirmation. Responses to anonymous callers do not reveal whether an account exists."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from psycopg.rows import DictRow

from focusflow.database.session import Role
from focusflow.errors import Forbidden, Invalid, NotSignedIn
from operational_api.auth import emails, store
from operational_api.auth.email_dispatch import dispatch, send_later
from operational_api.auth.routes import tokens_of
from operational_api.auth.schemas import Accepted, Address, LinkToken, NewPassword, PasswordChange, PasswordChanged
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Services, Shared
from operational_api.security import audit, login_throttle, passwords, step_up
from operational_api.security.authentication import (
    Caller,
    Credentials,
    CredentialsDependency,
    Origin,
    RequestOrigin,
    authenticate,
)
from operational_api.security.login_throttle import TooManyAttempts
from operational_api.security.step_up import ConfirmationNeeded
from operational_api.security.tokens import Access

router = APIRouter(prefix="/auth", tags=["Accounts"], route_class=TypedRoute)

SENT = "If this address has an account, we sent a link to it."


class WrongPassword(Forbidden):
    """The current password is wrong."""


class NoPassword(Forbidden):
    """Your account has no password. `POST /api/v1/auth/forgot-password` sends a link that sets the first one."""


def confirm_password(shared: Services, caller: Caller, password: str, origin: Origin) -> DictRow:
    """The account of a caller who knows its password. Wrong ones are delayed like those of a sign-in. With two-factor authentication, the
    password alone does not say who it is. An account without a password takes a recent sign-in or confirmation.
    """
    with shared.database.transaction(Role.AUTH, caller.user_id) as tx:
        account = tx.one(store.QUERIES["by_id"], {"user_id": caller.user_id})
        if account is None:
            raise NotSignedIn
        has_password = passwords.is_usable(account["password_hash"])
        if not has_password or store.has_second_factor(tx, caller.user_id):
            step_up.require(tx, caller)
    if not has_password:
        return account
    guesses = login_throttle.guesses(account["email"], origin.ip)
    login_throttle.count(shared.database, guesses)
    if not passwords.matches(password, account["password_hash"]):
        raise WrongPassword
    login_throttle.succeeded(shared.database, guesses)
    return account


@router.post(
    "/change-password",
    responses=problems(NotSignedIn, WrongPassword, NoPassword, ConfirmationNeeded, Invalid, TooManyAttempts),
)
def change_password(
    body: PasswordChange,
    credentials: Annotated[Credentials, Depends(CredentialsDependency())],
    origin: RequestOrigin,
    shared: Shared,
    later: BackgroundTasks,
) -> PasswordChanged:
    """Change your password. All other sessions end; this one continues with the tokens of the response. API keys are kept unless `revoke_keys` is set."""
    with authenticate(shared.database, credentials) as (_, caller):
        me, session = caller.user_id, caller.family if caller.is_session else None
    account = confirm_password(shared, caller, body.password, origin)
    if not passwords.is_usable(account["password_hash"]):  # its owner gets a link: a session alone sets no password
        raise NoPassword
    passwords.check(body.new_password, "new_password", account["email"], account["display_name"])
    password_hash = passwords.hashed(body.new_password)
    with shared.database.transaction(Role.AUTH, me) as tx:
        changed = store.set_password(tx, me, password_hash, session)
        if changed is None:
            raise NotSignedIn
        days = shared.settings.refresh_token_days
        family, token = (session, None) if session else store.begin_family(tx, me, days, origin)
        keys = store.revoke_keys(tx, me) if body.revoke_keys else store.working_keys(tx, me)
        notice = emails.KeyNotice.of(keys, account, are_revoked=body.revoke_keys)
        audit.record(tx, "password.changed", origin, actor_id=me, user_id=me, after=notice.audited)
    later.add_task(send_later, shared, dispatch, account["locale"], emails.password_changed, changed["email"], notice)
    return PasswordChanged(**tokens_of(shared, Access(me, changed["token_epoch"], family), token, tx.now))


@router.post("/forgot-password", status_code=202, responses=problems(Invalid, TooManyAttempts))
def send_reset_link(body: Address, origin: RequestOrigin, shared: Shared, later: BackgroundTasks) -> Accepted:
    """Send a password reset link to an address. The response is the same whether or not it has an account."""
    login_throttle.count(shared.database, login_throttle.requests_of("reset", origin.ip))
    later.add_task(send_later, shared, _send_reset, body.email, origin)
    return Accepted(message=SENT)


def _send_reset(shared: Services, email: str, origin: Origin) -> None:
    """Runs after the response, so that timing reveals nothing."""
    with shared.database.transaction(Role.AUTH) as tx:
        account = tx.one(store.QUERIES["by_email"], {"email": email})
        if account is None or not account["is_active"]:
            return
        if not login_throttle.may_mail(tx, login_throttle.mails_to("reset", email, origin.ip)):
            return  # the links of the emails that were sent within the hour still work
        token = store.link_token(tx, account["id"], "reset_password")
    lifetime = store.LINK_IS_GOOD_FOR["reset_password"]
    dispatch(shared, account["locale"], emails.reset_password, account["email"], token, lifetime)


@router.post("/reset-password", status_code=204, responses=problems(store.LinkRefused, TooManyAttempts))
def reset_password(body: NewPassword, origin: RequestOrigin, shared: Shared, later: BackgroundTasks) -> None:
    """Set a new password with the token of a reset link. All sessions end and all API keys are revoked."""
    login_throttle.count(shared.database, login_throttle.requests_of("set password", origin.ip))
    password_hash = passwords.hashed(body.new_password)
    with shared.database.transaction(Role.AUTH) as tx:
        me = store.use_link(tx, body.token, "reset_password")["user_id"]
        account = tx.one(store.QUERIES["by_id"], {"user_id": me})
        assert account is not None
        passwords.check(body.new_password, "new_password", account["email"], account["display_name"])
        changed = store.set_password(tx, me, password_hash)
        if changed is None:
            raise store.LinkRefused
        notice = emails.KeyNotice.of(store.revoke_keys(tx, me), account, are_revoked=True)
        if account["email_verified_at"] is None:  # whoever registered the address may not be its owner
            store.remove_second_factor(tx, me)
        store.verified(tx, me)  # who has the link has the mailbox
        audit.record(tx, "password.reset", origin, actor_id=None, user_id=me, after=notice.audited)
    later.add_task(send_later, shared, dispatch, account["locale"], emails.password_changed, changed["email"], notice)


@router.post("/verify-email", status_code=204, responses=problems(store.LinkRefused, TooManyAttempts))
def verify_email(body: LinkToken, origin: RequestOrigin, shared: Shared) -> None:
    """Confirm that an address is yours, with the token of a link. The password of the registration that sent the link is the account's
    from now on; if that changes it, sign-ins end and API keys are revoked.
    """
    login_throttle.count(shared.database, login_throttle.requests_of("verify", origin.ip))
    with shared.database.transaction(Role.AUTH) as tx:
        me, is_changed = store.confirm_registration(tx, body.token)
        after = {"password_changed": is_changed}
        audit.record(tx, "email.verified", origin, actor_id=None, user_id=me, after=after)

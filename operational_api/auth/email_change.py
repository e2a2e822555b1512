"""Another email address for an account, and another link to confirm the one that it has.

A change counts once both addresses have confirmed it: the new one, so that nobody takes the address of another user, and the old one, so that
a stolen session cannot take the account. Nothing tells whether the new address has an account already.
"""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, BackgroundTasks, Depends

from focusflow.database.session import Role
from focusflow.errors import Invalid, NotSignedIn
from focusflow.identity import new_id
from operational_api.auth import emails, store
from operational_api.auth.email_dispatch import dispatch, send_later
from operational_api.auth.schemas import Accepted, LinkToken, NewAddress
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Services, Shared
from operational_api.security import audit, login_throttle, step_up
from operational_api.security.authentication import (
    Credentials,
    CredentialsDependency,
    Origin,
    RequestOrigin,
    authenticate,
)
from operational_api.security.login_throttle import TooManyAttempts
from operational_api.security.step_up import ConfirmationNeeded

router = APIRouter(prefix="/auth", tags=["Accounts"], route_class=TypedRoute)

SENT = "Check both inboxes. Your address changes once both have confirmed it."
SENT_AGAIN = "Check your inbox. If your address is not confirmed yet, we sent a link."

Caller = Annotated[Credentials, Depends(CredentialsDependency())]


@router.post(
    "/change-email", status_code=202, responses=problems(NotSignedIn, ConfirmationNeeded, Invalid, TooManyAttempts)
)
def change_email(
    body: NewAddress, credentials: Caller, origin: RequestOrigin, shared: Shared, later: BackgroundTasks
) -> Accepted:
    """Change your email address. Both addresses get a link, and the change counts once both are opened. A newer request voids older ones."""
    with authenticate(shared.database, credentials) as (tx, caller):
        step_up.require(tx, caller)
        me = caller.user_id
        audit.record(tx, "email.change-requested", origin, actor_id=me, user_id=me)
    login_throttle.count(shared.database, login_throttle.requests_of("change email", origin.ip))
    later.add_task(send_later, shared, _send_links, me, body.email, origin)
    return Accepted(message=SENT)


def _send_links(shared: Services, user_id: UUID, email: str, origin: Origin) -> None:
    with shared.database.transaction(Role.AUTH, user_id) as tx:
        account = tx.one(store.QUERIES["by_id"], {"user_id": user_id})
        if account is None:
            return
        store.void_email_changes(tx, user_id)
        change = {"email": email, "change": str(new_id())}
        purposes = {"confirm_new_email": email}
        if account["email_verified_at"] is not None:  # otherwise nobody knows whose the old one is
            purposes["confirm_old_email"] = account["email"]
        is_free = tx.one(store.QUERIES["by_email"], {"email": email}) is None
        links = {
            purpose: (to, store.link_token(tx, user_id, purpose, change=change))
            for purpose, to in purposes.items()
            if login_throttle.may_mail(tx, login_throttle.mails_to("change", to, origin.ip))
        }
    for purpose, (to, token) in links.items():
        if purpose == "confirm_old_email" or is_free:
            dispatch(shared, account["locale"], emails.change_email, to, token, store.LINK_IS_GOOD_FOR[purpose])


@router.post("/confirm-email", status_code=204, responses=problems(store.LinkRefused, TooManyAttempts))
def confirm_email_change(body: LinkToken, origin: RequestOrigin, shared: Shared) -> None:
    """Confirm a change of an email address, with the token of a link. It counts once both addresses have confirmed it."""
    login_throttle.count(shared.database, login_throttle.requests_of("verify", origin.ip))
    try:
        with shared.database.transaction(Role.AUTH) as tx:
            link = store.use_email_change(tx, body.token)
            if store.change_email(tx, link):
                me = link["user_id"]
                audit.record(tx, "email.changed", origin, actor_id=None, user_id=me)
    except psycopg.errors.UniqueViolation as error:  # somebody has registered the new address since
        raise store.LinkRefused from error


@router.post("/verify-email/resend", status_code=202, responses=problems(NotSignedIn, TooManyAttempts))
def resend_verification(credentials: Caller, origin: RequestOrigin, shared: Shared, later: BackgroundTasks) -> Accepted:
    """Send another link to confirm your address. If you cannot sign in yet, register again instead: the link then sets that password."""
    with authenticate(shared.database, credentials) as (_, caller):
        me = caller.user_id
    login_throttle.count(shared.database, login_throttle.requests_of("verify", origin.ip))
    later.add_task(send_later, shared, _send_verification, me, origin)
    return Accepted(message=SENT_AGAIN)


def _send_verification(shared: Services, user_id: UUID, origin: Origin) -> None:
    with shared.database.transaction(Role.AUTH, user_id) as tx:
        account = tx.one(store.QUERIES["by_id"], {"user_id": user_id})
        if account is None or account["email_verified_at"] is not None:
            return
        if not login_throttle.may_mail(tx, login_throttle.mails_to("registration", account["email"], origin.ip)):
            return
        profile = tx.one(store.QUERIES["profile"], {"user_id": user_id})
        assert profile is not None
        token = store.link_token(tx, user_id, "verify_email", store.PendingRegistration.of(profile))
    lifetime: timedelta = store.LINK_IS_GOOD_FOR["verify_email"]
    dispatch(shared, account["locale"], emails.verify_email, account["email"], token, lifetime)

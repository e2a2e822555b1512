"""One-click unsubscribe (RFC 8058). The link authorizes without sign-in. Loading it changes nothing, because mail scanners open every link."""

from contextlib import AbstractContextManager
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from focusflow import locales
from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.session import Role
from focusflow.errors import Invalid
from focusflow.i18n import gettext as _
from focusflow.i18n import language, preferred
from focusflow.notification_kinds import KINDS
from focusflow.unsubscribe import REPORTS, SUBSCRIPTIONS, LinkUnknown, Subscription, read_token
from operational_api.http.errors import problems
from operational_api.http.services import Services, Shared
from operational_api.security import audit
from operational_api.security.authentication import Origin, RequestOrigin

QUERIES = load_queries(File(__file__).with_name("queries.sql"))
PAGE = File(__file__).with_name("unsubscribe.html").read_text(encoding="utf-8")

#: No links and no resources; the form posts to the page's own address.
SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"}

Token = Annotated[str, Path(max_length=100, description="The signed token of the link in an email.")]

router = APIRouter(prefix="/reports/unsubscribe", tags=["Reports"])


@router.get("/{token}", response_class=HTMLResponse, responses=problems(LinkUnknown, Invalid))
def show_unsubscribe_page(token: Token, shared: Shared, request: Request) -> Response:
    """A page with one button. Loading it changes nothing."""
    kind = read_token(shared.settings.keys, token).kind
    with _spoken(shared, request):
        label = _(SUBSCRIPTIONS[kind].label)
        return _page(
            _("No more emails with {subscription}?", subscription=label),
            _("You can turn them on again at any time in your settings."),
            f'<form method="post"><button>{_("Unsubscribe")}</button></form>',
        )


@router.post("/{token}", response_class=HTMLResponse, responses=problems(LinkUnknown, Invalid))
def end_mails(token: Token, shared: Shared, origin: RequestOrigin, request: Request) -> Response:
    """Unsubscribe from the kind of email that contained the link. Idempotent; mail programs call it."""
    subscription = read_token(shared.settings.keys, token)
    _end(shared, subscription, origin)
    with _spoken(shared, request):
        label = _(SUBSCRIPTIONS[subscription.kind].label)
        ended = _("You get no more emails with {subscription}.", subscription=label)
        return _page(_("You are unsubscribed"), f"{ended} {_('You can turn them on again in your settings.')}")


def _spoken(shared: Services, request: Request) -> AbstractContextManager[None]:
    """The language of the browser."""
    return locales.using(preferred(request.headers.get("accept-language", ""), shared.settings.locale))


def _page(heading: str, lead: str, form: str = "") -> Response:
    return HTMLResponse(PAGE.format(language=language(), heading=heading, lead=lead, form=form), headers=SAFE)


def _end(shared: Services, subscription: Subscription, origin: Origin) -> None:
    """A deleted account gets no emails anyway."""
    me, kind = subscription.user_id, subscription.kind
    with shared.database.transaction(Role.API, me) as tx:
        who = {"user_id": me, "kind": kind, "now": tx.now, "channels": _default_channels(kind)}
        account = tx.one(QUERIES["account"], who)
        if account is None:
            return
        tx.run(QUERIES["begin"], who)
        changed = tx.one(QUERIES["end_mails" if kind in REPORTS else "end_notices"], who)
        if changed is None:
            return
        preference_changed = event(
            "report.unsubscribed",
            user_id=me,
            timezone=account["timezone"],
            subject=me,
            version=changed["version"],
            data={"kind": kind, "period": "all"},
            recorded_at=tx.now,
        )
        append(tx, [preference_changed])
        audit.record(tx, "reports.unsubscribed", origin, actor_id=me, user_id=me, after={"kind": kind})


def _default_channels(kind: str) -> list[str]:
    """The default channels of this kind."""
    return list(KINDS[kind].default_channels) if kind in KINDS else []

"""Account pages: registration, password reset and email confirmation. Programs follow links too, so only a form changes something."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard.api_client import Client
from dashboard.auth.forms import Field, Form, TooLong, address_of, filled_in, is_same_origin
from dashboard.auth.sessions import SessionStore
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

PATHS = ("/register", "/forgot-password", "/reset-password", "/verify-email", "/confirm-email")
NEW_PASSWORD = Field("password", mark("New password (8 characters or more)"), "password", "new-password")

#: The browser knows its time zone. Without scripts the account starts in UTC, which the settings can change.
ZONE_SCRIPT = "<script>document.getElementById('timezone').value = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'</script>"

Filled = dict[str, str]


def to_sign_in() -> str:
    return f'<p class="hint"><a href="/signin">{_("Sign in")}</a></p>'


@dataclass(frozen=True, slots=True)
class Step:
    """A form, its API call and the message after success."""

    form: Form
    do: Callable[[Client, Filled], None]
    done: str


def _register(client: Client, form: Filled) -> None:
    client.register(
        form.get("email", ""),
        form.get("password", ""),
        form.get("name", ""),
        form.get("timezone") or "UTC",
        locales.current(),
    )


STEPS = (
    Step(
        Form(
            mark("Create account"),
            "/register",
            mark("Create account"),
            (
                Field("name", mark("Name"), autocomplete="name"),
                Field("email", mark("Email"), "email", "email"),
                Field("password", mark("Password (8 characters or more)"), "password", "new-password"),
                Field("timezone", type="hidden"),
            ),
            heading=mark("Create account"),
            after=lambda: to_sign_in() + ZONE_SCRIPT,
        ),
        _register,
        mark("Check your inbox. If this address is new, we sent a link to confirm it."),
    ),
    Step(
        Form(
            mark("Reset password"),
            "/forgot-password",
            mark("Send link"),
            (Field("email", mark("Email"), "email", "username"),),
            heading=mark("Forgot your password?"),
            lead=mark("We will email you a link to set a new one."),
            after=to_sign_in,
        ),
        lambda client, form: client.forgot_password(form.get("email", "")),
        mark("If this address has an account, we sent a link to it."),
    ),
    Step(
        Form(
            mark("Reset password"),
            "/reset-password",
            mark("Set password"),
            (NEW_PASSWORD, Field("token", type="hidden")),
            heading=mark("Set a new password"),
            lead=mark("This signs out all your devices."),
            after=to_sign_in,
        ),
        lambda client, form: client.reset_password(form.get("token", ""), form.get("password", "")),
        mark("Your new password is set. Sign in with it."),
    ),
    Step(
        Form(
            mark("Confirm email"),
            "/verify-email",
            mark("Confirm"),
            (Field("token", type="hidden"),),
            heading=mark("Confirm your FocusFlow account"),
            lead=mark(
                "The password you chose at registration becomes the password of the account. If you did not register, close this page."
            ),
            after=to_sign_in,
        ),
        lambda client, form: client.verify_email(form.get("token", "")),
        mark("Your email is confirmed. Sign in."),
    ),
    Step(
        Form(
            mark("Confirm email"),
            "/confirm-email",
            mark("Confirm"),
            (Field("token", type="hidden"),),
            heading=mark("Confirm the new email address"),
            lead=mark(
                "The address of the account changes once both addresses have confirmed it. If you did not ask for this, close this page."
            ),
            after=to_sign_in,
        ),
        lambda client, form: client.confirm_email(form.get("token", "")),
        mark("Confirmed. The address changes once the other one has confirmed it, too."),
    ),
)


def routes(store: SessionStore) -> list[Route]:
    return [route for step in STEPS for route in _routes(store, step)]


def _routes(store: SessionStore, step: Step) -> list[Route]:
    async def show(request: Request) -> Response:
        return step.form.page(token=request.query_params.get("token", ""))

    async def send(request: Request) -> Response:
        if not is_same_origin(request):
            return step.form.page(_("Submit this form from its own page."), 403)
        try:
            form = await filled_in(request)
        except TooLong:
            return step.form.page(_("The form is too long."), 413)
        try:
            await run_in_threadpool(_done, store, step, form, address_of(request))
        except Problem as problem:
            return step.form.page(str(problem), problem.status, **form)
        return _thanks(step)

    return [Route(step.form.action, show, methods=["GET"]), Route(step.form.action, send, methods=["POST"])]


def _done(store: SessionStore, step: Step, form: Filled, address: str | None) -> None:
    with store.on_behalf_of(address) as client:
        step.do(client, form)


def _thanks(step: Step) -> HTMLResponse:
    return Form(
        step.form.title, "/signin", mark("Sign in"), (), heading=step.form.heading, lead=step.done, method="get"
    ).page()

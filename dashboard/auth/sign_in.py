"""Signing in and out: plain pages of our own before the dashboard, so that the browser never sees a token."""

import html
from contextlib import suppress
from urllib.parse import quote, unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api_client import CodeNeeded
from dashboard.auth.accounts import PATHS as ACCOUNT_PATHS
from dashboard.auth.forms import Field, Form, TooLong, address_of, filled_in, is_same_origin
from dashboard.auth.headers import policy_of_form
from dashboard.auth.sessions import SessionStore
from dashboard.installable import OPEN_PATHS as INSTALLABLE_PATHS
from focusflow.errors import NotSignedIn, Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import language, mark
from focusflow.security_txt import PATH as SECURITY_TXT

#: Paths served without sign-in, with what is below them: account pages, and those of health checks.
OPEN_PATHS = (
    *("/signin", "/signout", *ACCOUNT_PATHS, *INSTALLABLE_PATHS, SECURITY_TXT),
    *("/_stcore/health", "/_stcore/host-config", "/static", "/favicon.png", "/favicon.ico"),
)

CODE_FORM = Form(
    mark("Sign in"),
    "/signin/code",
    mark("Sign in"),
    (Field("code", mark("Code"), autocomplete="one-time-code"), Field("ticket", type="hidden")),
    heading=mark("Enter a code"),
    lead=mark("Your authenticator app shows it. A recovery code works too."),
    after=lambda: f'<p class="hint"><a href="/signin">{_("Start again")}</a></p>',
)
#: The page that a browser asked for before it was sent to the sign-in page: a link in an email, say.
PAGE_ASKED_FOR, ASKED_SECONDS, LONGEST_PAGE = "focusflow_page", 600, 2000
#: Marks a browser whose session began at the provider.
BY_PROVIDER = "focusflow_by_provider"
DEMO_HINT = mark("This is a demo. Sign in as {user}, {analyst} or {admin}, password {password}.")
DEMO_SIGN_IN = {
    "user": "demo@example.com",
    "analyst": "analyst@example.com",
    "admin": "admin@example.com",
    "password": "focusflow-demo",
}


class SignIn:
    """The two routes, over a store of sessions."""

    def __init__(
        self, store: SessionStore, *, is_demo: bool, is_https: bool = False, provider: str | None = None
    ) -> None:
        """`is_https`: whether browsers reach the dashboard by HTTPS, whatever the proxy before it tells. `provider` is the name of an OpenID
        Connect provider to sign in with.
        """
        self._store, self._is_https, self._is_demo = store, is_https, is_demo
        self._provider = html.escape(provider) if provider else None
        self._form = Form(
            mark("Sign in"),
            "/signin",
            mark("Sign in"),
            (
                Field("email", mark("Email"), "email", "username"),
                Field("password", mark("Password"), "password", "current-password"),
            ),
            lead=mark("How it went, what is at risk, what is next."),
            after=self._links,
        )

    def _links(self) -> str:
        """What stands under the form."""
        hints = []
        if self._provider:
            hints.append(
                f'<a class="button" href="/signin/oidc">{_("Sign in with {provider}", provider=self._provider)}</a>'
            )
        if self._is_demo:
            hints.append(_(DEMO_HINT, **{name: f"<code>{value}</code>" for name, value in DEMO_SIGN_IN.items()}))
        forgot = f'<a href="/forgot-password">{_("Forgot your password?")}</a>'
        hints.append(f'<a href="/register">{_("Create account")}</a> · {forgot}')
        return "".join(f'<p class="hint">{each}</p>' for each in hints)

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/signin", self.show, methods=["GET"]),
            Route("/signin", self.sign_in, methods=["POST"]),
            Route("/signin/code", self.enter_code, methods=["POST"]),
            Route("/signout", self.sign_out, methods=["GET", "POST"]),
        ]

    def page(self, problem: str = "", status: int = 200) -> Response:
        return self._form.page(problem, status)

    def signed_in(self, request: Request, token: str) -> Response:
        """The answer that begins a session in the browser."""
        page = unquote(request.cookies.get(PAGE_ASKED_FOR, ""))
        answer = RedirectResponse(page if is_own_page(page) else "/", 303)
        self.set_cookie(request, answer, self._store.cookie, token, path="/")
        if page:
            answer.delete_cookie(PAGE_ASKED_FOR, path="/signin")
        return answer

    def by_provider(self, request: Request, answer: Response) -> Response:
        """The answer to a browser that is signed in at the provider from now on."""
        self.set_cookie(request, answer, BY_PROVIDER, "1", path="/signout")
        return answer

    def set_cookie(
        self, request: Request, answer: Response, name: str, value: str, *, path: str, max_age: int | None = None
    ) -> None:
        """One that scripts cannot read and other sites do not send."""
        secure = self._is_https or request.url.scheme == "https"
        answer.set_cookie(name, value, max_age, httponly=True, samesite="lax", secure=secure, path=path)

    async def show(self, _request: Request) -> Response:
        return self.page()

    async def sign_in(self, request: Request) -> Response:
        if not is_same_origin(request):
            return self._form.page(_("Sign in from this page."), 403)
        try:
            form = await filled_in(request)
        except TooLong:
            return self._form.page(_("The form is too long."), 413)
        email, password = form.get("email", ""), form.get("password", "")
        try:
            session_id = await run_in_threadpool(self._store.sign_in, email, password, address_of(request))
        except CodeNeeded as needed:
            return self.code_page(needed.ticket)
        except NotSignedIn:
            wrong = _("The email or password is wrong, or the email is not confirmed.")
            return self._form.page(wrong, 401, email=email)
        except Problem as problem:
            return self._form.page(str(problem), problem.status, email=email)
        return self.signed_in(request, session_id)

    def code_page(self, ticket: str, problem: str = "", status: int = 200) -> Response:
        return CODE_FORM.page(problem, status, ticket=ticket)

    async def enter_code(self, request: Request) -> Response:
        if not is_same_origin(request):
            return self.page(_("Sign in from this page."), 403)
        try:
            form = await filled_in(request)
        except TooLong:
            return self.page(_("The form is too long."), 413)
        ticket, code = form.get("ticket", ""), form.get("code", "")
        try:
            token = await run_in_threadpool(self._store.sign_in_with_code, ticket, code, address_of(request))
        except Problem as problem:
            return self.code_page(ticket, str(problem), problem.status)
        return self.signed_in(request, token)

    async def sign_out(self, request: Request) -> Response:
        if request.method == "POST" and is_same_origin(request):
            with suppress(Problem):  # here it has ended in any case; its tokens end by themselves
                await run_in_threadpool(self._store.sign_out, request.cookies.get(self._store.cookie))
            answer: Response = RedirectResponse("/signin", 303)
            if BY_PROVIDER in request.cookies:
                answer = await run_in_threadpool(self._still_at_provider)
                answer.delete_cookie(BY_PROVIDER, path="/signout")
            answer.delete_cookie(self._store.cookie, path="/", secure=self._is_https, httponly=True, samesite="lax")
            return answer
        return HTMLResponse(sign_out_page(), headers={"Content-Security-Policy": policy_of_form([SUBMIT])})

    def _still_at_provider(self) -> Response:
        """Signed out here, a browser can come back without a password as long as it is signed in at the provider."""
        url = None
        with suppress(Problem):
            url = self._store.provider_sign_out_url()
        after = ""
        if url:
            link = (
                f'<a href="{html.escape(url, quote=True)}">{_("Sign out of {provider}", provider=self._provider)}</a>'
            )
            after = f'<p class="hint">{_("You may still be signed in there.")} {link}</p>'
        lead = mark("You are signed out.")
        return Form(
            mark("Signed out"), "/signin", mark("Sign in"), (), lead=lead, after=lambda: after, method="get"
        ).page()


SUBMIT = "document.forms[0].submit()"


def sign_out_page() -> str:
    """Signing out changes something, so it takes a POST; this page makes one of the menu's link."""
    return (
        f'<!doctype html><html lang="{language()}"><title>{_("Signing out")}</title><body><form method="post" action="/signout">'
        f"<noscript><button>{_('Sign out')}</button></noscript></form><script>{SUBMIT}</script>"
    )


#: With this code a WebSocket is closed whose session has ended, or cannot be checked.
SESSION_ENDED = 4401


def is_open(path: str) -> bool:
    return any(path == each or path.startswith(f"{each.rstrip('/')}/") for each in OPEN_PATHS)


def is_own_page(page: str) -> bool:
    """Whether an address without a host stays one: browsers read a second slash, or one of the other kind, as the start of a host."""
    return page.startswith("/") and not page.startswith(("//", "/\\")) and page.isprintable()


def _page_of(request: HTTPConnection) -> str:
    """The page that a browser was to show; empty for whatever a page fetches."""
    is_shown = request.headers.get("sec-fetch-dest", "document") == "document"
    page = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_kept = is_shown and "text/html" in request.headers.get("accept", "") and len(page) <= LONGEST_PAGE
    return page if is_kept and page != "/" else ""


class SignedInOnly:
    """Sends whoever has no session to the sign-in page, and closes their WebSockets."""

    def __init__(self, app: ASGIApp, store: SessionStore) -> None:
        self.app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] in ("http", "websocket") and not is_open(scope["path"]):
            answer = await self._refusal(HTTPConnection(scope))
        if answer is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})  # a page sees the code only of what was open
            await send({"type": "websocket.close", "code": SESSION_ENDED})
        else:
            await answer(scope, receive, send)

    async def _refusal(self, request: HTTPConnection) -> Response | None:
        try:
            session = await run_in_threadpool(self._store.find, request.cookies.get(self._store.cookie))
        except Problem as problem:  # nobody can tell whether the session is valid
            return PlainTextResponse(str(problem), problem.status, {"Retry-After": "5"})
        if session:
            return None
        answer = RedirectResponse("/signin", 303)
        if page := _page_of(request):
            answer.set_cookie(PAGE_ASKED_FOR, quote(page), ASKED_SECONDS, path="/signin", httponly=True, samesite="lax")
        return answer

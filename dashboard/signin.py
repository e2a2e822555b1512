"""Signing in and out: plain pages of our own before the dashboard, so that the browser never sees a token."""

import html
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.sessions import COOKIE, SessionStore
from focusflow.problems import NotSignedIn, Problem

PAGE = Path(__file__).with_name("signin.html").read_text(encoding="utf-8")

#: What is served to somebody who has not signed in: the page itself, and what health checks ask.
OPEN_PATHS = ("/signin", "/signout", "/_stcore/health", "/_stcore/host-config", "/static/", "/favicon")
FORM_BYTES = 4096


class SignIn:
    """The two routes, over a store of sessions."""

    def __init__(self, store: SessionStore, *, is_demo: bool) -> None:
        self._store, self._is_demo = store, is_demo

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/signin", self.show, methods=["GET"]),
            Route("/signin", self.sign_in, methods=["POST"]),
            Route("/signout", self.sign_out, methods=["GET", "POST"]),
        ]

    async def show(self, _: Request) -> Response:
        return self._page()

    async def sign_in(self, request: Request) -> Response:
        if not _is_same_origin(request):
            return self._page("Sign in from this page.", 403)
        body = await request.body()
        if len(body) > FORM_BYTES:
            return self._page("That is too long.", 413)
        form = parse_qs(body.decode("utf-8", "replace"))
        email, password = form.get("email", [""])[0], form.get("password", [""])[0]
        try:
            session_id = await run_in_threadpool(self._store.sign_in, email, password)
        except NotSignedIn:
            return self._page("The e-mail address or the password is wrong.", 401, email)
        except Problem as problem:
            return self._page(str(problem), problem.status, email)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE, session_id, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/"
        )
        return answer

    async def sign_out(self, request: Request) -> Response:
        if request.method == "POST" and _is_same_origin(request):
            with suppress(Problem):  # here it has ended in any case; its tokens end by themselves
                await run_in_threadpool(self._store.sign_out, request.cookies.get(COOKIE))
            answer = RedirectResponse("/signin", 303)
            answer.delete_cookie(COOKIE, path="/")
            return answer
        return HTMLResponse(SIGN_OUT_PAGE)

    def _page(self, problem: str = "", status: int = 200, email: str = "") -> Response:
        shown = PAGE.replace(
            "{problem}", f'<p class="problem" role="alert">{html.escape(problem)}</p>' if problem else ""
        )
        shown = shown.replace("{hint}", DEMO_HINT if self._is_demo else "").replace(
            "{email}", html.escape(email, quote=True)
        )
        return HTMLResponse(shown, status, {"Cache-Control": "no-store"})


DEMO_HINT = (
    '<p class="hint">This is a demo. Sign in as <code>demo@example.com</code>, <code>analyst@example.com</code> or'
    " <code>admin@example.com</code>, password <code>focusflow-demo</code>.</p>"
)

#: Signing out changes something, so it takes a POST; this page makes one of the menu's link.
SIGN_OUT_PAGE = (
    '<!doctype html><html lang="en"><title>Signing out</title><body><form method="post" action="/signout">'
    "<noscript><button>Sign out</button></noscript></form><script>document.forms[0].submit()</script>"
)


def _is_same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of this host. Browsers always say so with a POST."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


class SignedInOnly:
    """Sends whoever has no session to the sign-in page."""

    def __init__(self, app: ASGIApp, store: SessionStore) -> None:
        self.app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(OPEN_PATHS):
            request = Request(scope)
            if self._store.find(request.cookies.get(COOKIE)) is None:
                await RedirectResponse("/signin", 303)(scope, receive, send)
                return
        await self.app(scope, receive, send)

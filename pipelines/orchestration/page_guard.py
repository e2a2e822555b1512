"""Guards Dagster's pages and the Data Docs: who may open them, from where, and what a request may do.

Dagster itself executes whatever reaches it, also a mutation that a page of another site sends from the browser of someone who runs it.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpx2
import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from focusflow.own_address import OwnAddress
from focusflow.settings import Settings

#: The cookie of the dashboard. A browser sends it to every port of a host.
COOKIE: Final = "focusflow_session"
#: Its name where browsers reach the dashboard by HTTPS.
SECURE_COOKIE: Final = f"__Host-{COOKIE}"
#: Answer without a sign-in, for health checks and Prometheus: versions, and numbers of runs.
OPEN_PATHS: Final = frozenset({"/server_info", "/metrics"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
BODY_BYTES: Final = 4 << 20
#: For so long an answer of the API about a session counts. A page of Dagster asks several times a second.
FRESH_SECONDS: Final = 10.0

HEADERS: Final = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

#: The account role behind a token, or None where it is not valid. Raises OSError while nobody can tell.
RoleOf = Callable[[str], str | None]


class Refused(Exception):
    """A request that does not reach Dagster."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class PageGuard:
    """An ASGI app around Dagster's."""

    def __init__(self, app: ASGIApp, settings: Settings, role_of: RoleOf | None = None) -> None:
        self._app, self._settings = app, settings
        self._role_of = role_of or AccountRoles(settings.api_address)
        is_https = settings.dagster_address.startswith("https:")
        self._headers = (*HEADERS, *([(b"strict-transport-security", settings.strict_transport)] if is_https else []))
        # Another host of the domain can set the plain name, and sign a browser in as its own user.
        self._cookie = SECURE_COOKIE if settings.dashboard_address.startswith("https:") else COOKIE
        self._address = OwnAddress.of(settings.dagster_url, settings.dagster_host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            self._check_origin(scope, headers)
            _check_graphql(scope, headers)
            role = await self._admit(scope, headers)
            if role != "admin":
                receive = await _reading_only(scope, receive)
        except Refused as refused:
            await self._refuse(scope, headers, refused)(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send, self._headers))

    def _check_host(self, headers: Headers) -> None:
        if not self._address.has_host(headers.get("host", "")):
            raise Refused(
                421, "Dagster's pages are not served under this name. Set FOCUSFLOW_DAGSTER_URL to their address."
            )

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return
        is_own = self._address.has_origin(headers.get("origin"), headers.get("host", ""))
        if not is_own or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "This request comes from a page of another site.")

    async def _admit(self, scope: Scope, headers: Headers) -> str:
        if not self._settings.dagster_sign_in or scope["path"] in OPEN_PATHS:
            return "admin"
        try:
            role = await run_in_threadpool(self._role_of, _token(headers, self._cookie))
        except OSError as error:
            raise Refused(503, "The API cannot be asked who this is. Try again in a moment.") from error
        if role is None:
            raise Refused(401, "Sign in to the dashboard first, under the same host name.")
        if role not in ("analyst", "admin"):
            raise Refused(403, "Dagster's pages are for analysts and admins.")
        return role

    def _refuse(self, scope: Scope, headers: Headers, refused: Refused) -> Response:
        is_page = (
            scope["type"] == "http" and scope["method"] in SAFE_METHODS and "text/html" in headers.get("accept", "")
        )
        if refused.status == 401 and is_page:
            return RedirectResponse(f"{self._settings.dashboard_address}/signin", 303)
        if scope["type"] == "websocket":
            return _Closing(4000 + refused.status)
        return PlainTextResponse(str(refused), refused.status)


class AccountRoles:
    """Asks the API for the role behind a token, and remembers the answer for a moment."""

    def __init__(self, api_address: str) -> None:
        self._api_address = api_address
        self._known: dict[str, tuple[float, str | None]] = {}

    def __call__(self, token: str) -> str | None:
        if not (token.isascii() and token.isprintable() and token):
            return None
        now = time.monotonic()
        if (known := self._known.get(token)) and now - known[0] < FRESH_SECONDS:
            return known[1]
        try:
            bearer = {"Authorization": f"Bearer {token}"}
            answer = httpx2.get(f"{self._api_address}/api/v1/me", headers=bearer, timeout=5, trust_env=False)
        except httpx2.HTTPError as error:
            raise OSError from error
        if answer.status_code >= 500:
            raise OSError(answer.status_code)
        me = answer.json() if answer.is_success else {"lacks_second_factor": True}
        role = None if me["lacks_second_factor"] else str(me["role"])
        self._known = {each: found for each, found in self._known.items() if now - found[0] < FRESH_SECONDS}
        self._known[token] = (now, role)
        return role


class _Closing(Response):
    """Refuses a WebSocket."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self._code = code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI)
        await send({"type": "websocket.close", "code": self._code})


def _token(headers: Headers, cookie: str) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return cookie_parser(headers.get("cookie", "")).get(cookie, "")


def _check_graphql(scope: Scope, headers: Headers) -> None:
    """Only what a page of this origin can send: a form of another site sends GET, or a POST of plain text."""
    if scope["type"] != "http" or scope["path"].rstrip("/") != "/graphql":
        return
    if scope["method"] != "POST":
        raise Refused(405, "GraphQL takes POST.")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "GraphQL takes JSON, with the header Content-Type: application/json.")


async def _reading_only(scope: Scope, receive: Receive) -> Receive:
    """Lets a request through that changes nothing; raises for another."""
    if scope["type"] == "websocket":
        return _without_mutations(receive)
    if scope["method"] in SAFE_METHODS:
        return receive
    if scope["path"].rstrip("/") != "/graphql":
        raise Refused(403, "Only admins change what Dagster does.")
    body = await _body(receive)
    if changes_something(body):
        raise Refused(403, "Only admins change what Dagster does.")
    return _replaying(body, receive)


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > BODY_BYTES:
            raise Refused(413, "This request is too large.")
        if not message.get("more_body", False):
            return body


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def _without_mutations(receive: Receive) -> Receive:
    async def checked() -> Message:
        message = await receive()
        text = message.get("text") or message.get("bytes")
        if message["type"] == "websocket.receive" and text and changes_something(text, in_payload=True):
            return {"type": "websocket.disconnect", "code": 4403}
        return message

    return checked


def changes_something(body: bytes | str, *, in_payload: bool = False) -> bool:
    """Whether a GraphQL request holds a mutation, or cannot be read."""
    try:
        requests: Any = orjson.loads(body)
        requests = requests if isinstance(requests, list) else [requests]
        payloads = [each.get("payload") or {} for each in requests] if in_payload else requests
        queries = [each["query"] for each in payloads if "query" in each or not in_payload]
        return any(_is_mutation(query) for query in queries)
    except (orjson.JSONDecodeError, GraphQLError, AttributeError, KeyError, TypeError, RecursionError):
        return True


def _is_mutation(query: str) -> bool:
    definitions = parse(query, no_location=True, max_tokens=20_000).definitions
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return any(each.operation is OperationType.MUTATION for each in operations)


def _with_headers(send: Send, headers: Iterable[tuple[bytes, bytes]]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *((name, value) for name, value in headers if name not in present),
            ]
        await send(message)

    return sending

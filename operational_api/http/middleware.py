"""Around each request: an id, a log line without personal text, figures, security headers."""

import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from focusflow import tracing
from focusflow.database.session import WAITING_SINCE
from focusflow.identity import new_id
from focusflow.log_context import REQUEST_ID
from operational_api.http.errors import Defect, TooLarge, rendered
from operational_api.metrics import REQUESTS, SECONDS
from operational_api.security.authentication import LEAVE

log = logging.getLogger("focusflow.requests")

TOO_LARGE, DEFECT = rendered(TooLarge()), rendered(Defect())

#: A larger body is not read to its end: the connection is closed instead. Of a smaller one the client sees the answer for sure.
READ_TO_THE_END = 1024 * 1024

CLOSE = (b"connection", b"close")

#: For data, and for the one page of the API, which is a form without scripts.
POLICY = b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

HEADERS = [
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class RequestMiddleware:
    """Plain ASGI: it costs a request microseconds, and sees it whole."""

    def __init__(self, app: ASGIApp, *, is_https: bool, strict_transport: bytes) -> None:
        """`is_https`: whether clients reach the API by HTTPS, whatever the proxy before it tells."""
        self.app, self._is_https = app, is_https
        self._by_https = [*HEADERS, (b"strict-transport-security", strict_transport)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with tracing.request_span(dict(scope["headers"]).get(b"traceparent") if tracing.is_on() else None) as span:
            await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Any) -> None:
        begun, status, request_id, is_complete = time.perf_counter(), 0, new_id().hex, False
        WAITING_SINCE.set(time.monotonic())
        REQUEST_ID.set(request_id)

        async def sending(message: Message) -> None:
            nonlocal status, is_complete
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 413:  # Starlette's bound on the body answers in plain text
                    message["headers"] = _headers_of_too_large(scope)
                own = {name for name, _ in message["headers"]}  # what an answer says of itself stands
                is_https = self._is_https or scope.get("scheme") == "https"
                headers = self._by_https if is_https else HEADERS
                extra = [(name, value) for name, value in headers if name not in own]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *extra]
            elif status == 413:
                message.update(body=TOO_LARGE.body, more_body=False)
            await send(message)
            is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_complete:
                _leave(scope)  # what is done after the answer takes nobody's slot

        try:
            await self.app(scope, receive, sending)
        except Exception:
            log.exception(
                "%s %s failed %s", scope["method"], _route(scope), request_id, extra={"request_id": request_id}
            )
            if (
                is_complete
            ):  # it failed in the background: the connection must not tell the caller that there was something to do
                return
            if status:  # half an answer has left; only the broken connection tells that the rest will not come
                raise
            await DEFECT(scope, receive, sending)
        finally:
            _leave(scope)
            status = status or 500
            seconds = time.perf_counter() - begun
            route = _route(scope)
            REQUESTS.labels(scope["method"], route, status).inc()
            SECONDS.labels(scope["method"], route).observe(seconds)
            if span:
                span.update_name(f"{scope['method']} {route}")
                span.set_attributes({"http.response.status_code": status, "focusflow.request_id": request_id})
            log.info(
                "%s %s %s %.1f ms %s", scope["method"], route, status, seconds * 1000, request_id,
                extra={"request_id": request_id, "method": scope["method"], "route": route, "status": status, "seconds": seconds},
            )  # fmt: skip


def _headers_of_too_large(scope: Scope) -> list[tuple[bytes, bytes]]:
    """A body that comes in pieces may have no end."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    is_short = length.isdigit() and int(length) <= READ_TO_THE_END
    return [*TOO_LARGE.raw_headers, *([] if is_short else [CLOSE])]


def _leave(scope: Scope) -> None:
    """Give the slot of the caller back, once."""
    if leave := scope.pop(LEAVE, None):
        leave()


def _route(scope: Scope) -> str:
    """The address without what is in it: it may hold a token."""
    route: str = getattr(scope.get("route"), "path", "unknown")
    return route

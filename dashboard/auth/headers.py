"""The security headers of every page of the dashboard."""

import base64
import hashlib
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")

#: Streamlit needs inline styles and scripts, and Vega evaluates expressions. Nothing is loaded from, sent to or framed by another site.
STREAMLIT = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self' data:; media-src 'self' blob: data:; worker-src 'self' blob:; frame-src 'self' blob: data:; connect-src 'self'{sockets};"
    " object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)

FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def policy_of_form(scripts: Sequence[str] = ()) -> str:
    """The policy of a page of our own: it runs no script but those named."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class SecurityHeaders:
    """Adds the headers that an answer does not have."""

    def __init__(self, app: ASGIApp, *, is_https: bool, strict_transport: bytes) -> None:
        self.app, self._is_https, self._strict_transport = app, is_https, strict_transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [(name, value) for name, value in self._headers(scope) if name not in present]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self.app(scope, receive, sending)

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
        headers = [*FIXED, (b"content-security-policy", STREAMLIT.format(sockets=sockets).encode())]
        if self._is_https or scope.get("scheme") == "https":
            headers.append((b"strict-transport-security", self._strict_transport))
        return headers

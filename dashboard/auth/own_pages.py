"""Refuses what pages of other sites send to the dashboard from a browser, and names that are not the dashboard's."""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from focusflow.own_address import OwnAddress, hostname_in

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Health checks name the machine as they know it.
HEALTH = "/_stcore/health"

FOREIGN_NAME = "The dashboard is not served under this name. Set FOCUSFLOW_DASHBOARD_URL to its address."
FOREIGN_PAGE = "This request comes from a page of another site."


class OwnPagesOnly:
    """An ASGI app around the dashboard's. Streamlit itself takes WebSockets of any page of this machine, whatever its port."""

    def __init__(self, app: ASGIApp, *, address: OwnAddress) -> None:
        self.app, self._address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == HEALTH:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not (self._address.has_host(host) or _is_ip_address(host)):
            await _refuse(scope, receive, send, 421, FOREIGN_NAME)
        elif _may_change(scope) and not self._address.has_origin(headers.get("origin"), host):
            await _refuse(scope, receive, send, 403, FOREIGN_PAGE)
        else:
            await self.app(scope, receive, send)


def _is_ip_address(host: str) -> bool:
    """No other site's name can be made to mean it."""
    try:
        ip_address(hostname_in(host) or "")
    except ValueError:
        return False
    return True


def _may_change(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000 + status})
    else:
        await PlainTextResponse(sentence, status)(scope, receive, send)

"""Has the pages before the dashboard speak the language of the browser."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from focusflow import locales
from focusflow.i18n import preferred


class SpokenLanguage:
    """Takes the locale of a request from its header Accept-Language."""

    def __init__(self, app: ASGIApp, default: str) -> None:
        """`default` is the locale where the browser names none that is known."""
        self.app, self._default = app, default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with locales.using(preferred(Request(scope).headers.get("accept-language", ""), self._default)):
            await self.app(scope, receive, send)

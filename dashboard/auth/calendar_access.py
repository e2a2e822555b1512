"""Connecting a calendar of Google or Microsoft: the browser goes there and comes back; what it brings is for the API to judge."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.auth.forms import Form
from dashboard.auth.sessions import Session, SessionStore
from focusflow.calendar_providers import CALLBACK
from focusflow.errors import NotSignedIn, Problem
from focusflow.i18n import mark

PATH = CALLBACK.rpartition("/")[0]
SETTINGS = "/settings?section=Calendars"
LONGEST = 6000

PAGE = Form(
    mark("Calendars"), "/settings", mark("Back to the settings"), (), heading=mark("Connect a calendar"), method="get"
)
NOT_GIVEN = mark("The calendar was not connected: access to it was not given.")


class CalendarAccess:
    """The two routes, for users who are signed in."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    @property
    def routes(self) -> list[Route]:
        return [
            Route(CALLBACK, self.finish, methods=["GET"]),
            Route(f"{PATH}/{{kind}}", self.begin, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        kind, connection_id = request.path_params["kind"], request.query_params.get("connection")
        try:
            url = await run_in_threadpool(self._begin, request, kind, connection_id)
        except Problem as problem:
            return PAGE.page(str(problem), problem.status)
        return RedirectResponse(url, 303, {"Cache-Control": "no-store"})

    async def finish(self, request: Request) -> Response:
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        if "error" in request.query_params or not (state and code) or len(request.url.query) > LONGEST:
            return PAGE.page(NOT_GIVEN, 400)
        try:
            await run_in_threadpool(self._finish, request, state, code)
        except Problem as problem:
            return PAGE.page(str(problem), problem.status)
        return RedirectResponse(SETTINGS, 303, {"Cache-Control": "no-store"})

    def _begin(self, request: Request, kind: str, connection_id: str | None) -> str:
        with self._store.client(self._session(request)) as client:
            return client.begin_calendar_access(kind, connection_id)

    def _finish(self, request: Request, state: str, code: str) -> None:
        with self._store.client(self._session(request)) as client:
            client.finish_calendar_access(state, code)

    def _session(self, request: Request) -> Session:
        session = self._store.find(request.cookies.get(self._store.cookie))
        if session is None:
            raise NotSignedIn
        return session

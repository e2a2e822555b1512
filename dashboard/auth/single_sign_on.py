"""Sign-in with an OpenID Connect provider: the browser goes there and comes back; what the answer is worth is for the API to say."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.api_client import CodeNeeded
from dashboard.auth.forms import TooLong, address_of, filled_in
from dashboard.auth.sessions import SessionStore
from dashboard.auth.sign_in import SignIn
from focusflow.errors import Problem, Unavailable
from focusflow.i18n import gettext as _

PATH = "/signin/oidc"
#: Ties the answer to the browser that was sent to the provider.
COOKIE = "focusflow_sign_in"
COOKIE_SECONDS = 600
LONGEST = 4000


class SingleSignOn:
    """Its routes, beside those of the sign-in page."""

    def __init__(self, store: SessionStore, sign_in: SignIn) -> None:
        self._store, self._sign_in = store, sign_in

    @property
    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.begin, methods=["GET"]),
            Route(f"{PATH}/callback", self.finish, methods=["GET"]),
            Route(f"{PATH}/sign-out", self.end_sessions, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        try:
            is_confirmation = "confirm" in request.query_params
            begun = await run_in_threadpool(
                self._store.begin_single_sign_on, address_of(request), is_confirmation=is_confirmation
            )
        except Problem as problem:
            return self._sign_in.page(str(problem), problem.status)
        answer = RedirectResponse(begun["authorization_url"], 303, {"Cache-Control": "no-store"})
        self._sign_in.set_cookie(request, answer, COOKIE, begun["secret"], path=PATH, max_age=COOKIE_SECONDS)
        return answer

    async def finish(self, request: Request) -> Response:
        secret, query = request.cookies.get(COOKIE, ""), request.query_params
        state, code = query.get("state", ""), query.get("code", "")
        if "error" in query or not (secret and state and code) or len(request.url.query) > LONGEST:
            return self._sign_in.page(_("The sign-in was not completed. Start again from this page."), 401)
        try:
            token = await run_in_threadpool(self._store.finish_single_sign_on, secret, state, code, address_of(request))
        except CodeNeeded as needed:
            return self._sign_in.by_provider(request, self._sign_in.code_page(needed.ticket))
        except Problem as problem:
            return self._sign_in.page(str(problem), problem.status)
        answer = self._sign_in.by_provider(request, self._sign_in.signed_in(request, token))
        answer.delete_cookie(COOKIE, path=PATH)
        return answer

    async def end_sessions(self, request: Request) -> Response:
        """For the provider itself, by OpenID Connect Back-Channel Logout."""
        never_kept = {"Cache-Control": "no-store"}
        try:
            token = (await filled_in(request)).get("logout_token", "")
            await run_in_threadpool(self._store.end_provider_sessions, token, address_of(request))
        except Unavailable as problem:
            return JSONResponse({"error": "temporarily_unavailable"}, problem.status, never_kept)
        except (TooLong, Problem):
            return JSONResponse({"error": "invalid_request"}, 400, never_kept)
        return Response(status_code=200, headers=never_kept)

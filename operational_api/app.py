"""Puts the API together: routers, services, and what surrounds every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.responses import Response

from focusflow import __version__
from focusflow.database.session import Database
from focusflow.settings import Settings
from operational_api import health, problems
from operational_api.auth.routes import router as accounts
from operational_api.observed import Observed
from operational_api.scores.routes import router as scores
from operational_api.tasks.routes import router as tasks
from operational_api.work import Replayed, Services

BODY_BYTES = 64 * 1024
STATEMENT_TIMEOUT_MS = 2000

DESCRIPTION = """
Write what happens, read what to do next.

Sign in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`. Problems are
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) documents: `type` is stable, `detail` is a sentence, `errors` names fields.
A POST with an `Idempotency-Key` can be sent again without being done twice. Changes take `If-Match` with the ETag that was read.
Times go in and out as UTC, dates as dates.
"""


def create_app(settings: Settings, database_url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Database(
            database_url, connections=settings.database_pool, statement_timeout_ms=STATEMENT_TIMEOUT_MS
        ) as database:
            app.state.services = Services(settings, database)
            yield

    app = FastAPI(
        title="FocusFlow",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry={"tracing": False},
        openapi_tags=[
            {"name": "Accounts", "description": "Register, sign in and out, your own account."},
            {"name": "Tasks", "description": "What there is to do."},
            {"name": "Scores", "description": "What to do next, and why."},
            {"name": "Operations", "description": "Is it running?"},
        ],
    )
    problems.install(app)

    @app.exception_handler(Replayed)
    def replayed(_: Request, answer: Replayed) -> Response:
        return Response(answer.body, answer.status, {"Idempotent-Replayed": "true"}, "application/json")

    for router in (accounts, tasks, scores):
        app.include_router(router, prefix="/api/v1", max_body_size=BODY_BYTES)
    app.include_router(health.router)
    app.add_middleware(Observed)
    return app

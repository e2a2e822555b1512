"""Puts the API together: routers, services, and what surrounds every request."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.middleware.cors import CORSMiddleware

from focusflow import __version__
from focusflow.database.session import Database
from focusflow.errors import Forbidden, Invalid
from focusflow.mail import mailer
from focusflow.settings import Settings
from models.serving.registry import Registry, Serving
from operational_api import health, reference
from operational_api.admin.routes import router as admin
from operational_api.ai.routes import router as ai
from operational_api.analytics.routes import product_router
from operational_api.analytics.routes import router as analytics
from operational_api.auth.email_change import router as email_change
from operational_api.auth.recovery import router as recovery
from operational_api.auth.routes import router as accounts
from operational_api.auth.single_sign_on import router as single_sign_on
from operational_api.auth.two_factor import router as two_factor
from operational_api.auth.two_factor import sign_in_router as codes
from operational_api.calendar.routes import router as calendar
from operational_api.calendar_connections.authorization import router as calendar_authorizations
from operational_api.calendar_connections.push import open_router as open_calendar_push
from operational_api.calendar_connections.routes import router as calendar_connections
from operational_api.categories.routes import router as categories
from operational_api.channels.routes import router as channels
from operational_api.contracts.routes import router as contracts
from operational_api.days_off.routes import router as days_off
from operational_api.erasures.routes import admin_router as admin_erasures
from operational_api.erasures.routes import router as erasures
from operational_api.events.incoming import BODY_BYTES as EVENT_BYTES
from operational_api.events.posthog import router as posthog
from operational_api.events.routes import router as events
from operational_api.events.segment import router as segment
from operational_api.events.wakatime import router as wakatime
from operational_api.exports.routes import router as exports
from operational_api.feeds.routes import open_router as open_feeds
from operational_api.feeds.routes import router as feeds
from operational_api.goals.milestones import router as milestones
from operational_api.goals.routes import router as goals
from operational_api.habits.routes import router as habits
from operational_api.http import errors, examples
from operational_api.http.middleware import RequestMiddleware
from operational_api.http.services import History, Services
from operational_api.http.unit_of_work import KEY_CHARACTERS, ContextDependency
from operational_api.imports.routes import UPLOAD_BYTES
from operational_api.imports.routes import router as imports
from operational_api.incoming_hooks.routes import open_router as open_hooks
from operational_api.incoming_hooks.routes import router as incoming_hooks
from operational_api.keys.routes import router as keys
from operational_api.me.routes import router as me
from operational_api.notifications.routes import router as notifications
from operational_api.personal_data.routes import download_router as personal_data_files
from operational_api.personal_data.routes import router as personal_data
from operational_api.preferences.routes import router as preferences
from operational_api.readiness import Readiness
from operational_api.reports.routes import router as reports
from operational_api.reports.unsubscribe import router as unsubscribing
from operational_api.scores.routes import router as scores
from operational_api.security.permissions import ADMIN, ANALYST, SETTING_UP, SIGNED_IN, Permission, scoped
from operational_api.security.quota import Quota, TooManyRequests
from operational_api.tasks.routes import router as tasks
from operational_api.time_entries.routes import router as time_entries
from operational_api.webhooks.routes import router as webhooks
from reports.periods.builder import ReportBuilder

#: Every router, and what an API key must be allowed to use it. They are gone through in this order, so the most used come first.
ROUTERS: tuple[tuple[APIRouter, Permission], ...] = (
    (tasks, scoped("tasks")),
    (scores, scoped("scores")),
    (time_entries, scoped("time")),
    (habits, scoped("habits")),
    (goals, scoped("goals")),
    (milestones, scoped("goals")),
    (categories, scoped("categories")),
    (calendar, scoped("calendar")),
    (calendar_connections, SIGNED_IN),
    (calendar_authorizations, SIGNED_IN),
    (open_calendar_push, SIGNED_IN),
    (feeds, SIGNED_IN),
    (open_feeds, SIGNED_IN),
    (days_off, scoped("calendar")),
    (preferences, scoped("preferences")),
    (notifications, scoped("notifications")),
    (analytics, scoped("analytics")),
    (product_router, ANALYST),
    (channels, scoped("notifications")),
    (webhooks, scoped("webhooks")),
    (incoming_hooks, SIGNED_IN),
    (reports, scoped("reports")),
    (ai, scoped("ai")),
    (exports, scoped("exports")),
    (accounts, SIGNED_IN),
    (recovery, SIGNED_IN),
    (email_change, SIGNED_IN),
    (single_sign_on, SIGNED_IN),
    (codes, SETTING_UP),
    (two_factor, SETTING_UP),
    (unsubscribing, SIGNED_IN),
    (me, SIGNED_IN),
    (personal_data, SIGNED_IN),
    (personal_data_files, SIGNED_IN),
    (keys, SIGNED_IN),
    (erasures, SIGNED_IN),
    (admin, ADMIN),
    (admin_erasures, ADMIN),
)

BODY_BYTES = 64 * 1024
STATEMENT_TIMEOUT_MS = 2000
#: A server that has not even said that the time is up is frozen. Requests end within three seconds, with the time it takes to notice.
PATIENCE_SECONDS = 2.5

DESCRIPTION = """
Write what happens, read what to do next.

Sign in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`. A program gets an API key instead
(`POST /api/v1/keys`), sent in the same header or as `X-API-Key`; it may do what its scopes name, and each call names the one it needs. Problems are
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) documents: `type` is stable, `detail` is a sentence, `errors` names fields.
A POST with an `Idempotency-Key` can be sent again without being done twice. Changes take `If-Match` with the ETag that was read.
Times go in and out as UTC, dates as dates.
"""


API_KEY = {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key of `POST /api/v1/keys`."}

ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS},
    "description": "Any text of your own. Sent again with the same request, it gets the same answer, and nothing is done twice.",
}


class Interface(FastAPI):
    """An application whose description tells what holds for many calls: which scope a key needs, what can be sent twice."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            schema = super().openapi()
            schema["components"]["securitySchemes"]["ApiKey"] = API_KEY
            for answer in _answers(schema):
                if errors.MEDIA_TYPE in answer.get(
                    "content", {}
                ):  # FastAPI puts the shape under what the good answer is
                    answer["content"] = {errors.MEDIA_TYPE: next(filter(None, answer["content"].values()))}
            for route in iter_route_contexts(self.routes):
                if isinstance(route.original_route, APIRoute):
                    self._complete(schema, route)
            examples.add_to(schema)
        return self.openapi_schema or {}

    def _complete(self, schema: dict[str, Any], route: RouteContext) -> None:
        permissions = [each.dependency for each in route.dependencies if isinstance(each.dependency, Permission)]
        for method in route.methods or ():
            path = (route.path or "").replace(":uuid", "")
            operation = schema["paths"].get(path, {}).get(method.lower(), {})
            if permissions and operation.get("security"):
                scope = permissions[-1].scope(method)
                operation["x-scope"] = scope or "sign in"
                if scope:
                    operation["security"].append({"ApiKey": []})
                if method == "POST" and any(
                    isinstance(each.call, ContextDependency) for each in route.dependant.dependencies
                ):
                    operation.setdefault("parameters", []).append(ONCE)


def _answers(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in schema["paths"].values():
        for operation in methods.values():
            yield from operation["responses"].values()


def create_app(
    settings: Settings, database_url: str, history_of: Callable[[ReportBuilder], History] | None = None
) -> FastAPI:
    """The API. `history_of` makes what answers about the past."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with (
            Database(
                database_url,
                connections=settings.database_pool,
                statement_timeout_ms=STATEMENT_TIMEOUT_MS,
                answer_timeout_seconds=PATIENCE_SECONDS,
            ) as database,
            Readiness(settings, database_url, database) as app.state.readiness,
        ):
            app.state.services = Services(
                settings,
                database,
                mailer(settings),
                Serving(Registry(settings.models_folder), has_comparison=settings.compare_orders),
                Quota(settings.requests_per_minute),
                history_of,
            )
            yield

    app = Interface(
        title="FocusFlow",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry={"tracing": False},
        generate_unique_id_function=lambda route: route.name,  # what a generated client calls it
        docs_url=None,  # its page loads its parts from elsewhere
        redoc_url=None,
        openapi_tags=[
            {"name": "Accounts", "description": "Registration, sign-in, and your own account."},
            {"name": "Keys", "description": "API keys with scopes, for programs."},
            {"name": "Tasks", "description": "Tasks, their subtasks, and search."},
            {"name": "Scores", "description": "Open tasks by priority score, each with its reasons."},
            {"name": "Goals", "description": "Goals, their progress, and their milestones."},
            {"name": "Habits", "description": "Habits, and the days on which they were done or skipped."},
            {"name": "Time", "description": "A timer, and time entries."},
            {"name": "Calendar", "description": "Events, conflicts between them, and free time."},
            {"name": "Categories", "description": "Categories of tasks and goals."},
            {"name": "Days off", "description": "Days on which nothing is expected."},
            {
                "name": "Imports",
                "description": "Import from other programs with preview and undo, and export as files.",
            },
            {"name": "Preferences", "description": "Notification settings."},
            {"name": "Notifications", "description": "Notifications, and scheduled reminders."},
            {"name": "Webhooks", "description": "Signed messages to your own programs when something happens."},
            {"name": "Events", "description": "Usage events of your apps, one or up to a thousand per request."},
            {"name": "Segment", "description": "Compatible with Segment's libraries; the write key is an API key."},
            {"name": "Analytics", "description": "Metrics of the pipeline, with the time they are from."},
            {
                "name": "Reports",
                "description": "Weekly, monthly and custom reports, and unsubscribing from their emails.",
            },
            {
                "name": "AI",
                "description": "Day plans, recommendations and insights. Code checks every number in generated text.",
            },
            {"name": "Admin", "description": "Accounts, the audit log, and the state of the pipeline."},
            {"name": "Operations", "description": "Health checks."},
        ],
    )
    errors.install(app)

    def include(
        router: APIRouter, permission: Permission, prefix: str = "/api/v1", body_bytes: int = BODY_BYTES, **options: Any
    ) -> None:
        app.include_router(
            router,
            prefix=prefix,
            max_body_size=body_bytes,
            dependencies=[Depends(permission)],
            responses=errors.problems(Forbidden, errors.TooLarge, Invalid, TooManyRequests),
            **options,
        )

    include(events, scoped("events"), body_bytes=EVENT_BYTES)
    for router, permission in ROUTERS:
        include(router, permission)
    include(imports, scoped("imports"), body_bytes=UPLOAD_BYTES)
    include(segment, scoped("events"), prefix="", body_bytes=EVENT_BYTES)
    include(posthog, scoped("events"), prefix="", body_bytes=EVENT_BYTES)
    include(wakatime, scoped("events"), body_bytes=EVENT_BYTES)
    for prefix in ("/api", "/api/compat/wakatime/v1"):  # where plugins look that were set up for Wakapi
        include(wakatime, scoped("events"), prefix=prefix, body_bytes=EVENT_BYTES, include_in_schema=False)
    include(open_hooks, SIGNED_IN, prefix="")
    app.include_router(contracts, prefix="/api/v1", responses=errors.problems(Invalid))
    app.include_router(health.router)
    app.include_router(reference.router)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "X-API-Key",
            ],
            expose_headers=["ETag", "Idempotent-Replayed", "Retry-After", "X-Request-ID"],
        )
    app.add_middleware(
        RequestMiddleware,
        is_https=settings.public_api_address.startswith("https:"),
        strict_transport=settings.strict_transport,
    )
    return app

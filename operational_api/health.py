"""Whether the API lives, whether it can work, and its figures for Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import Field
from starlette.responses import Response

from focusflow import clock
from focusflow.database.session import Role
from focusflow.errors import StorageFull, Unavailable
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from operational_api.http.errors import problems
from operational_api.http.schema_base import Output
from operational_api.http.services import Services, services

router = APIRouter(tags=["Operations"])

REGISTRY = CollectorRegistry()
REQUESTS = Counter("focusflow_requests", "Requests answered", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram("focusflow_request_seconds", "Time until the answer", ["method", "route"], registry=REGISTRY)
WAITING = Gauge("focusflow_outbox_waiting", "Events committed and without a place in the log", registry=REGISTRY)
EVENTS = Gauge("focusflow_events", "Events that have come so far, since the beginning", ["stage"], registry=REGISTRY)
COMMITS = Gauge("focusflow_lake_commits", "Commits of a table of the lake", ["table"], registry=REGISTRY)
AGE = Gauge("focusflow_lake_age_seconds", "Time since a table of the lake was written", ["table"], registry=REGISTRY)
ANSWERS = Gauge(
    "focusflow_ai_answers",
    "Answers of the AI service in the last 24 hours: written is shown, rejected and failed fell back to text by rule",
    ["status"],
    registry=REGISTRY,
)
REPORTS = Gauge("focusflow_reports", "Reports by what became of them", ["status"], registry=REGISTRY)

Shared = Annotated[Services, Depends(services)]

MAILED = "select status, count(*) as count from report_deliveries group by status"
ANSWERED = """
    select status, count(*) as count from ai_messages
    where model <> 'local' and created_at > clock_timestamp() - interval '24 hours' group by status"""
PASSED = """
    select (select sum(next) from outbox_head)::bigint as accepted, (select sum(next) from relay_position)::bigint as published"""
OUTBOX = "select count(*) as waiting from outbox where log_offset is null"


class Health(Output):
    """How the API is."""

    status: str = Field(examples=["ready"])


class Ready(Health):
    """That the API can work: `ready`, or `degraded` by what the warnings say."""

    warnings: list[str] = Field(description="What an operator should look at.", examples=[[]])


# Both answer in the event loop: the threads of requests may all be waiting.
@router.get("/health/live")
async def check_liveness() -> Health:
    """The process answers."""
    return Health(status="live")


@router.get("/health/ready", responses=problems(Unavailable, StorageFull))
async def check_readiness(request: Request) -> Ready:
    """The database answers and has the schema of this version, disks have room, and clocks agree. Answers within two seconds."""
    warnings = await request.app.state.readiness.check()
    return Ready(status="degraded" if warnings else "ready", warnings=warnings)


@router.get("/metrics", response_class=Response, include_in_schema=False)
def metrics(shared: Shared) -> Response:
    with shared.database.transaction(Role.INGESTION) as tx:
        row = tx.one(OUTBOX)
        passed = tx.one(PASSED)
    WAITING.set(row["waiting"] if row else 0)
    for stage, count in (passed or {}).items():
        EVENTS.labels(stage).set(count or 0)
    _export_lake_metrics(Lake(shared.settings.lake_location), shared.settings.buckets)
    REPORTS.clear()
    ANSWERS.clear()
    with shared.database.transaction(Role.REPORTING) as tx:
        for row in tx.all(MAILED):
            REPORTS.labels(row["status"]).set(row["count"])
        for row in tx.all(ANSWERED):
            ANSWERS.labels(row["status"]).set(row["count"])
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _export_lake_metrics(lake: Lake, buckets: int) -> None:
    """How far it has come. A table that nobody wrote to yet says nothing."""
    for stage, name in (
        ("landed", RAW_EVENTS.name),
        ("refreshed", "silver/events"),
        ("quarantined", "quarantine/events"),
    ):
        table = lake.pinned(name)
        if table is None:
            continue
        came = sum(table.position(position_key(bucket)) for bucket in range(buckets))
        EVENTS.labels(stage).set(table.rows() if stage == "quarantined" else came)
        COMMITS.labels(name).set(table.version)
        AGE.labels(name).set((clock.now() - table.made_at).total_seconds())

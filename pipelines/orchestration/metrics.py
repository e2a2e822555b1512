"""Dagster's runs and daemons in the format of Prometheus, at `/metrics` beside Dagster's own pages."""

import dagster as dg
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from focusflow import clock

STATUSES = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)


def collect(instance: dg.DagsterInstance) -> bytes:
    """The figures of now. A registry for each call: calls may overlap."""
    registry = CollectorRegistry()
    runs = Gauge("focusflow_dagster_runs", "Runs that Dagster remembers", ["status"], registry=registry)
    age = Gauge(
        "focusflow_dagster_heartbeat_age_seconds", "Time since a daemon was alive", ["daemon"], registry=registry
    )
    for status in STATUSES:
        count = instance.get_runs_count(dg.RunsFilter(statuses=[status]))
        runs.labels(status.value.lower()).set(count)
    now = clock.now().timestamp()
    for daemon, heartbeat in instance.get_daemon_heartbeats().items():
        age.labels(daemon.lower()).set(max(now - heartbeat.timestamp, 0))
    return generate_latest(registry)


def export_metrics(app: Starlette, instance: dg.DagsterInstance) -> None:
    """Before the route that answers everything."""

    def metrics(_: Request) -> Response:
        return Response(collect(instance), media_type=CONTENT_TYPE_LATEST)

    app.router.routes.insert(0, Route("/metrics", metrics))

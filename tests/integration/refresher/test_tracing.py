"""A trace leads from a request to the rows of gold, over API, lander and refresher, and is sent by OTLP."""

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from focusflow import clock
from focusflow.errors import SetupProblem
from focusflow.lake.session import duckdb_session
from focusflow.settings import load_settings
from focusflow.tracing import tracing
from ingestion.landing.service import open_ingestion
from models.serving.registry import Registry
from operational_api.app import create_app
from pipelines.refresher.traced import TracedRefresh, Traces
from tests.conftest import BUCKETS
from tests.integration.ingestion.conftest import raw_rows_of

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PASSWORD = "a long sentence is a good password"


@pytest.fixture
def api(site):
    app = create_app(load_settings(home=site.home), site.url)
    with TestClient(app) as http:
        account = {"email": "ada@example.com", "password": PASSWORD}
        http.post("/api/v1/auth/register", json={**account, "display_name": "Ada", "timezone": "UTC"})
        token = http.post("/api/v1/auth/login", json=account).json()["access_token"]
        yield lambda **headers: http.post(
            "/api/v1/tasks", json={"title": "A secret title"}, headers={"Authorization": f"Bearer {token}", **headers}
        )


def land(site):
    open_ingestion(site.database, site.lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()


def refresh(site):
    how = (site.lake, duckdb_session(), site.database, BUCKETS, clock.now(), Registry(site.home / "models"))
    steps = list(TracedRefresh(*how, site.home / "catalog.duckdb", is_live=True, traces=Traces(site.lake)).run())
    assert steps


def received_spans(receiver):
    """The spans that came, with the name of their service."""
    for _, body in receiver.at("/v1/traces"):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = [
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            ]
            for scope in resource.scope_spans:
                yield from ((service, span) for span in scope.spans)


def test_a_request_is_traced_to_the_rows_of_gold(site, api, receiver):
    settings = load_settings(home=site.home, otlp_endpoint=receiver.url("").rstrip("/"))
    with tracing(settings, "api"):
        assert api(traceparent=f"00-{TRACE}-{CALLER}-01").status_code == 201
    with tracing(settings, "land"):
        land(site)
    with tracing(settings, "refresher"):
        refresh(site)
    mine = [(service, span) for service, span in received_spans(receiver) if span.trace_id.hex() == TRACE]
    by_name = {span.name: span for _, span in mine}
    request, landed, refreshed, gold = (
        by_name[name] for name in ("POST /tasks", "land", "refresh", "gold/productivity_daily")
    )
    assert request.parent_span_id.hex() == CALLER
    assert landed.parent_span_id == refreshed.parent_span_id == request.span_id
    assert gold.parent_span_id == refreshed.span_id
    assert {service for service, _ in mine} == {"focusflow-api", "focusflow-land", "focusflow-refresher"}
    assert not any(b"secret title" in body or b"ada@" in body for _, body in receiver.at("/v1/traces"))


def test_without_an_endpoint_nothing_is_traced_and_events_say_nothing_of_it(site, api, receiver):
    with tracing(load_settings(home=site.home), "api"):
        task = api(traceparent=f"00-{TRACE}-{CALLER}-01").json()["id"].encode()
        land(site)
    (event,) = [value for (value,) in raw_rows_of(site.lake, "value") if task in value]
    assert b"traceparent" not in event
    assert receiver.received == []


def test_a_receiver_that_is_away_holds_up_nobody(site, api):
    with tracing(load_settings(home=site.home, otlp_endpoint="http://127.0.0.1:9"), "api"):
        assert api().status_code == 201
        land(site)
    assert len(raw_rows_of(site.lake)) > 1


def test_an_endpoint_without_the_extra_says_what_to_install(site, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(SetupProblem, match=r"focusflow\[tracing\]"),
        tracing(load_settings(home=site.home, otlp_endpoint="http://127.0.0.1:9"), "api"),
    ):
        pass

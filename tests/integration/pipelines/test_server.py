"""What a Dagster that was killed leaves behind for the next one."""

import logging

import dagster as dg
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipelines.orchestration.server import Quiet, end_abandoned_runs, show_data_docs


@dg.op
def nothing():
    pass


@dg.job
def idle():
    nothing()


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


def test_a_run_that_was_killed_gives_up_its_places_and_counts_as_failed(instance):
    instance.event_log_storage.initialize_concurrency_limit_to_default("gold")
    instance.event_log_storage.set_concurrency_slots("gold", 1)
    run = instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED)
    assert instance.event_log_storage.claim_concurrency_slot("gold", run.run_id, "step").is_claimed
    end_abandoned_runs(instance)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert instance.event_log_storage.claim_concurrency_slot("gold", "another run", "step").is_claimed


def test_a_run_that_waits_or_has_ended_is_left_alone(instance):
    statuses = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.SUCCESS]
    runs = [instance.create_run_for_job(idle, status=status) for status in statuses]
    end_abandoned_runs(instance)
    assert [instance.get_run_by_id(run.run_id).status for run in runs] == statuses


def test_data_docs_are_shown_beside_dagsters_pages_also_when_they_are_written_later(tmp_path):
    app = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("Dagster"))])
    show_data_docs(app, tmp_path / "pages")
    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/data-docs/index.html").status_code == 404
    assert "write_data_docs" in client.get("/data-docs/index.html").text
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text("Data Docs")
    assert client.get("/data-docs/index.html").text == "Data Docs"
    assert client.get("/assets").text == "Dagster"


@pytest.mark.parametrize(
    ("sentence", "is_said"),
    [
        ("Checking for new runs for sensor: raw_commits", False),
        ("Sensor raw_commits skipped: Nothing has landed yet.", False),
        ("Launching run for raw_commits", True),
    ],
)
def test_that_a_sensor_found_nothing_is_no_line_of_the_log(sentence, is_said):
    record = logging.makeLogRecord({"msg": sentence})
    assert Quiet().filter(record) is is_said

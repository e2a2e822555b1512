"""What a Dagster that was killed leaves behind for the next one."""

import errno
import logging
import threading
from contextlib import suppress

import dagster as dg
import pytest
import yaml
from dagster._core.launcher import LaunchRunContext
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import SubmitRunContext
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipelines.orchestration import run_launcher
from pipelines.orchestration.metrics import export_metrics
from pipelines.orchestration.run_launcher import USES, AbandonedRuns, InProcessRunLauncher
from pipelines.orchestration.server import CONFIGURATION, Quiet, end_abandoned_runs, show_data_docs
from tests.e2e.conftest import until
from tests.faults.disks import small_disk


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


def under_way(instance: dg.DagsterInstance, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> dg.DagsterRun:
    return instance.create_run_for_job(idle, status=status)


def status_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


@pytest.mark.parametrize("status", run_launcher.UNDER_WAY)
def test_a_run_that_nobody_executes_any_longer_fails_while_the_process_goes_on(instance, status):
    run = under_way(instance, status)
    AbandonedRuns(instance, patience_seconds=0).look()
    assert status_of(instance, run) == dg.DagsterRunStatus.FAILURE


def test_a_run_that_is_executed_or_has_only_just_been_launched_goes_on(instance, monkeypatch):
    run = under_way(instance)
    AbandonedRuns(instance).look()
    assert status_of(instance, run) == dg.DagsterRunStatus.STARTED
    monkeypatch.setattr(run_launcher, "EXECUTING", {run.run_id})
    AbandonedRuns(instance, patience_seconds=0).look()
    assert status_of(instance, run) == dg.DagsterRunStatus.STARTED


@pytest.fixture
def broken_off(monkeypatch) -> threading.Event:
    """Runs go on until this is set, and then end by an error that could not be written."""
    ending = threading.Event()

    def execute(*_: object) -> None:
        assert ending.wait(30)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SyncInMemoryRunLauncher, "launch_run", execute)
    return ending


def test_runs_are_executed_beside_each_other_and_known_as_long_as_they_are_however_they_end(instance, broken_off):
    launcher, runs = InProcessRunLauncher(), [under_way(instance), under_way(instance)]
    for run in runs:
        launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
    ids = {run.run_id for run in runs}
    assert ids <= run_launcher.EXECUTING
    broken_off.set()
    until(lambda: not ids & run_launcher.EXECUTING, 10, "the runs have ended")


def test_runs_about_tables_wait_for_each_other_and_those_about_emails_do_not():
    queue = yaml.safe_load(CONFIGURATION.read_text())
    overrides = {name: queue[name] for name in ("run_coordinator", "concurrency")}
    with dg.instance_for_test(overrides=overrides) as instance:
        config = instance.get_concurrency_config().run_queue_config
        assert config is not None
        (limit,) = config.tag_concurrency_limits
        assert limit == {"key": USES, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
        uses = []
        for tags in ({}, {}, {USES: "reminders"}):
            run = instance.create_run_for_job(idle, tags=tags, status=dg.DagsterRunStatus.STARTED)
            context = SubmitRunContext(run, workspace=None)  # type: ignore[arg-type]
            uses.append(instance.run_coordinator.submit_run(context).tags[USES])
    assert uses == ["tables", "tables", "reminders"]


def test_a_run_whose_failure_found_no_room_fails_as_soon_as_there_is_some(caplog):
    with small_disk(megabytes=16) as disk, dg.instance_for_test(temp_dir=str(disk)) as instance:
        run, ballast = under_way(instance), disk / "ballast"
        abandoned = AbandonedRuns(instance, look_seconds=0, patience_seconds=0)
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        abandoned.look_when_due()
        assert "runs cannot be looked after" in caplog.text
        ballast.unlink()
        abandoned.look_when_due()
        assert status_of(instance, run) == dg.DagsterRunStatus.FAILURE


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
    ("sentence", "is_logged"),
    [
        ("Checking for new runs for sensor: raw_commits", False),
        ("Sensor raw_commits skipped: Nothing has landed yet.", False),
        ("Launching run for raw_commits", True),
    ],
)
def test_that_a_sensor_found_nothing_is_no_line_of_the_log(sentence, is_logged):
    record = logging.makeLogRecord({"msg": sentence})
    assert Quiet().filter(record) is is_logged


def test_runs_are_counted_by_status_beside_the_pages(instance):
    instance.create_run_for_job(idle, status=dg.DagsterRunStatus.FAILURE)
    under_way(instance)
    app = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("the pages"))])
    export_metrics(app, instance)
    with TestClient(app) as client:
        text = client.get("/metrics").text
    assert 'focusflow_dagster_runs{status="failure"} 1.0' in text
    assert 'focusflow_dagster_runs{status="started"} 1.0' in text
    assert 'focusflow_dagster_runs{status="success"} 0.0' in text

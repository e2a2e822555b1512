"""Dagster's web pages and daemon as one process, with the definitions loaded and runs executed in it.

A fifth of the memory and of the waiting that `dagster dev` takes. The modules used here carry no promise of stability: the version
of Dagster is pinned, and a test starts this.
"""

import logging
import os
import shutil
import sys
import threading
from pathlib import Path

import dagster as dg
import uvicorn
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.controller import daemon_controller_from_instance
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from focusflow import clock
from focusflow.heartbeat import Beat, unwatched
from focusflow.lake.tables import Lake
from focusflow.settings import Settings
from pipelines.engine import data_docs
from pipelines.orchestration.lineage_events import lineage_events
from pipelines.orchestration.metrics import export_metrics
from pipelines.orchestration.page_guard import PageGuard
from pipelines.orchestration.refresher_reports import RefresherReports
from pipelines.orchestration.resources import resident_database
from pipelines.orchestration.run_launcher import UNDER_WAY, AbandonedRuns, fail

CONFIGURATION = Path(__file__).with_name("dagster.yaml")


#: Between two looks at the daemons, once all have worked.
TURN_SECONDS = 5

NOT_YET = "There are no Data Docs yet. The job write_data_docs writes them each hour, or whenever it is started."


def serve(settings: Settings, stop: threading.Event, beat: Beat = unwatched) -> None:
    """Until told to stop. The database is held open for as long, so that no run has to start it."""
    begun = clock.now().timestamp()
    home = prepared_home(settings)
    logging.getLogger("dagster").propagate = False  # it has a handler of its own
    logging.getLogger("dagster.daemon.SensorDaemon").addFilter(Quiet())
    origin = LoadableTargetOrigin(executable_path=sys.executable, module_name="pipelines.definitions")
    target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin, location_name="focusflow"))
    with (
        resident_database(settings) as database,
        lineage_events(settings),
        opened(home) as instance,
        daemon_controller_from_instance(instance, workspace_load_target=target, log_format="colored") as controller,
    ):
        end_abandoned_runs(instance)
        abandoned = AbandonedRuns(instance)
        reports = RefresherReports(
            instance, Lake.of(settings), settings.buckets, database, seconds=settings.dagster_report_seconds
        )
        app = create_app_from_workspace_process_context(controller._workspace_process_context)  # noqa: SLF001 (the controller has no other door)
        show_data_docs(app, settings.data_docs_folder)
        export_metrics(app, instance)
        pages_server = uvicorn.Server(
            uvicorn.Config(
                PageGuard(app, settings),
                host=settings.dagster_host,
                port=settings.dagster_port,
                log_level="warning",
                log_config=None,
            )
        )
        pages = threading.Thread(target=pages_server.run, name="pages", daemon=True)
        pages.start()
        is_ready = False
        while not stop.wait(TURN_SECONDS if is_ready else 1):
            controller.check_daemon_threads()
            abandoned.look_when_due()
            reports.report_when_due()
            is_ready = is_ready or (pages_server.started and daemons_have_worked(instance, begun))
            beat(has_worked=is_ready)
            if not pages.is_alive():
                raise RuntimeError("Dagster's web pages have stopped; the log says why.")
        pages_server.should_exit = True
        pages.join(timeout=5)


def opened(home: Path) -> dg.DagsterInstance:
    """The instance whose runs are threads of this process.

    Dagster configures Python's logging for each run. That keeps all loggers while it waits for each handler, and a handler that stores an event
    waits for the logger of the database: two runs that begin at once would wait for each other forever. There is nothing to configure.
    """
    instance = dg.DagsterInstance.from_config(str(home))
    instance.get_yaml_python_handlers = list  # type: ignore[method-assign]
    return instance


def daemons_have_worked(instance: dg.DagsterInstance, since: float) -> bool:
    """Whether each daemon has run once. What an earlier process recorded does not count."""
    heartbeats = instance.get_daemon_heartbeats()
    return all(
        kind in heartbeats and heartbeats[kind].timestamp >= since for kind in instance.get_required_daemon_types()
    )


def show_data_docs(app: Starlette, folder: Path) -> None:
    """The pages beside Dagster's own, before the route that answers everything."""
    written = StaticFiles(directory=folder, html=True, check_dir=False)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        shown = written if folder.is_dir() else PlainTextResponse(NOT_YET, 404)  # noqa: ASYNC240 (one look at a local folder)
        await shown(scope, receive, send)

    app.router.routes.insert(0, Mount(data_docs.ADDRESS, pages))


class Quiet(logging.Filter):
    """Leaves out that a sensor looked and found nothing, every few seconds."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        return not (said.startswith("Checking for new runs for sensor") or " skipped: " in said)


def end_abandoned_runs(instance: dg.DagsterInstance) -> None:
    """Runs live in this process. One that is under way when it starts was killed with the one before, and would keep its place
    among the runs, and its tables, for ever. Failed, it is tried again.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
        fail(instance, run, "The process that ran it was killed.")


def prepared_home(settings: Settings) -> Path:
    """Dagster's own folder under the home, with this version's configuration in it."""
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(CONFIGURATION, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # several processes share few cores
    return home

"""Runs are executed in this process, one after the other, by the thread that launches them; which ones are, is known here."""

import logging
import time
from typing import Final

import dagster as dg
from dagster._core.launcher import LaunchRunContext
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher

log = logging.getLogger(__name__)

#: What a thread is at work on in this process, by the launchers of all its instances.
EXECUTING: Final = set[str]()

UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


class InProcessRunLauncher(SyncInMemoryRunLauncher):
    """Executes a run, and says so for as long."""

    def launch_run(self, context: LaunchRunContext) -> None:
        run_id = context.dagster_run.run_id
        EXECUTING.add(run_id)
        try:
            super().launch_run(context)
        finally:
            EXECUTING.discard(run_id)


class AbandonedRuns:
    """Fails runs that count as under way and that nobody executes: their end could not be written, because the disk was full. Each would
    keep its place among the runs, and its tables, for ever. Failed, it is tried again.
    """

    def __init__(self, instance: dg.DagsterInstance, *, look_seconds: float = 5, patience_seconds: float = 20) -> None:
        """A run is launched a moment after it counts as under way: it is abandoned once that was so for `patience_seconds`."""
        self._instance, self._look_seconds, self._patience_seconds = instance, look_seconds, patience_seconds
        self._since: dict[str, float] = {}
        self._looked_at = time.monotonic()

    def look_when_due(self) -> None:
        """Never raises: what cannot be written now can be at another look."""
        if time.monotonic() - self._looked_at < self._look_seconds:
            return
        self._looked_at = time.monotonic()
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 (Dagster's storage has its own, SQLAlchemy's and the system's)
            log.warning("runs cannot be looked after for the moment: %s", error)

    def look(self) -> None:
        now = time.monotonic()
        orphans = {
            run.run_id: run
            for run in self._instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY))
            if run.run_id not in EXECUTING
        }
        self._since = {run_id: self._since.get(run_id, now) for run_id in orphans}
        for run_id, run in orphans.items():
            if now - self._since[run_id] >= self._patience_seconds:
                log.warning("run %s has ended without its end being written, and counts as failed", run_id)
                fail(self._instance, run, "Nobody executes it any longer, and its end was not written.")


def fail(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str) -> None:
    instance.report_run_failed(run, reason)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)

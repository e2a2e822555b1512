"""Runs are executed in this process, each by a thread of its own. What may run at a time is decided by the queue, and which ones do is known here.

Emails do not wait for tables: a refresh takes as long as there is to compute, and a reminder is due at its moment.
"""

import logging
import threading
import time
from typing import Final

import dagster as dg
from dagster._core.launcher import LaunchRunContext
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

log = logging.getLogger(__name__)

#: What threads are at work on in this process, by the launchers of all its instances.
EXECUTING: Final = set[str]()

UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


#: Runs with one value of this tag run one after the other; those without it are about tables.
USES, TABLES = "focusflow/uses", "tables"


class RunQueue(QueuedRunCoordinator):
    """Says of each run what it uses, so that those that change tables never run together, whoever starts them."""

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        if USES not in context.dagster_run.tags:
            self._instance.add_run_tags(context.dagster_run.run_id, {USES: TABLES})
        return super().submit_run(context)


class InProcessRunLauncher(SyncInMemoryRunLauncher):
    """Executes a run in a thread, and says so for as long."""

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        EXECUTING.add(run.run_id)
        threading.Thread(target=self._execute, args=(context,), name=f"run of {run.job_name}", daemon=True).start()

    def _execute(self, context: LaunchRunContext) -> None:
        try:
            super().launch_run(context)
        except Exception:  # its end could not be written: see `AbandonedRuns`
            log.exception("run %s broke off", context.dagster_run.run_id)
        finally:
            EXECUTING.discard(context.dagster_run.run_id)


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

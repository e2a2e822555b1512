"""Keeps the database of `focusflow up` running in a separate thread, so that the supervisor never waits for it."""

import threading
from queue import Empty, SimpleQueue

from cli.supervisor.tree import Limits, restart_delay
from focusflow.database.embedded import Cancelled
from focusflow.database.installation import Running, revivable_database
from focusflow.errors import Problem, SetupProblem
from focusflow.settings import Settings

CHECK_SECONDS = 2.0
STOP_SECONDS = 60.0  # longer than a server that stops in order, and is killed in the end, takes
ABANDON_SECONDS = 2.0  # an external server that does not answer holds the thread, and there is nothing to stop


class DatabaseKeeper:
    """Opens the database, restarts it when it dies or hangs, and closes it.

    Once it was ready, each failure is reported and retried. Before that, a setup problem is final.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop, self._ready = threading.Event(), threading.Event()
        self._reports: SimpleQueue[str] = SimpleQueue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_ready(self) -> bool:
        """Whether the database is open at this version's schema. Raises a final error."""
        if self._error is not None:
            raise self._error
        return self._ready.is_set()

    def reports(self) -> list[str]:
        """The messages since the last call."""
        found = []
        while True:
            try:
                found.append(self._reports.get_nowait())
            except Empty:
                return found

    def stop(self) -> None:
        """Close the database. The embedded server stops when no other process uses it."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(ABANDON_SECONDS if self._settings.database_url else STOP_SECONDS)

    def _run(self) -> None:
        try:
            failures = 0
            while not self._stop.is_set():
                try:
                    with revivable_database(self._settings, is_cancelled=self._stop.is_set) as running:
                        self._ready.set()
                        self._keep(running)
                except Cancelled:
                    return
                except SetupProblem:
                    raise
                except Problem as problem:
                    failures += 1
                    self._wait_after(problem, failures)
        except Exception as error:  # noqa: BLE001 (raised again by `is_ready`, where the supervisor sees it)
            self._error = error

    def _keep(self, running: Running) -> None:
        failures = 0
        while not self._stop.wait(CHECK_SECONDS):
            try:
                if running.revive():
                    self._reports.put("The database had died or did not respond, and runs again.")
                failures = 0
            except Cancelled:
                return
            except Problem as problem:
                failures += 1
                self._wait_after(problem, failures)

    def _wait_after(self, problem: Problem, failures: int) -> None:
        delay = restart_delay(failures, Limits())
        self._reports.put(f"{problem} Trying again in {delay:.1f} s.")
        self._stop.wait(delay)

"""The loop of `focusflow refresher`: wait for the lander's signal, refresh, publish, and record what was built.

One refresher of a database is active; others stand by. Dagster and `focusflow refresh` may build tables at the same time: every commit
goes through the same fence, and whoever is refused tries again. During a full refresh, the refresher waits.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import duckdb
import psycopg
from psycopg.rows import DictRow

from focusflow import clock
from focusflow.database.lease import Lease, is_held, kept_alive, lease, renew
from focusflow.database.session import Database
from focusflow.database.signals import Waiter, listen_for_landings
from focusflow.errors import Problem, Unavailable
from focusflow.heartbeat import Beat, unwatched
from focusflow.lake.session import Session
from focusflow.lake.tables import RAW_EVENTS, Lake
from pipelines.engine import descriptions
from pipelines.engine.refresh import PUBLISHED, Overtaken, Refresh, Step
from pipelines.refresher.state import Build, record_conflict, record_failure, record_success

log = logging.getLogger(__name__)

FALLBACK_SECONDS = 5.0  # a lost signal costs no more; the lease is renewed as often
STANDBY_SECONDS = 2.0  # how often one that is not active asks whether it may be
RETRY_SECONDS = (0.5, 60.0)  # between attempts that fail: at first, and at most
CONFLICT_SECONDS = 0.2  # whoever was quicker is about to commit more

#: What a refresh may change in the lake.
TABLES = tuple(each.full_name for each in descriptions.TABLES if each.full_name != RAW_EVENTS.name)


@dataclass(slots=True)
class Refresher:
    """Refreshes whenever events have landed. DuckDB and the database stay open from one refresh to the next."""

    lake: Lake
    database: Database
    url: str
    connect: Callable[[], Session]
    refresh: Callable[[Session], Refresh]  # one as of this moment
    pause_seconds: float
    _session: Session | None = None
    _raw_version: int | None = None  # with which the last refresh began, and so is the hour
    _hour: datetime | None = None
    _failures: int = 0  # one after the other

    def run(self, stop: threading.Event, beat: Beat = unwatched) -> None:
        """Until told to stop. What can pass is waited for; what cannot ends the process, and its supervisor sees it."""
        waiter = Waiter(stop)
        while not stop.is_set():
            beat()
            try:
                with lease(self.url, Lease.REFRESHER) as held:
                    if held is None:
                        beat(has_worked=True)  # it stands by, as it should
                        stop.wait(STANDBY_SECONDS)
                        continue
                    listen_for_landings(held)
                    self._run_active(held, waiter, stop, beat)
            except Unavailable as problem:
                log.warning("%s Trying again in %.1f s.", problem, self._retry_seconds())
                stop.wait(self._retry_seconds())
                self._failures += 1

    def _run_active(self, held: psycopg.Connection[DictRow], waiter: Waiter, stop: threading.Event, beat: Beat) -> None:
        while not stop.is_set():
            beat()
            renew(
                held, Lease.REFRESHER
            )  # it also takes in the signals that woke us: from here on we look for ourselves
            if not self.is_due():
                waiter.wait(held, FALLBACK_SECONDS)
                continue
            if is_held(held, Lease.FULL_REFRESH):
                waiter.wait(held, STANDBY_SECONDS)
                continue
            with kept_alive(held, Lease.REFRESHER, beat):
                is_done = self.refresh_once()
            if is_done:
                beat(has_worked=True)
                stop.wait(self.pause_seconds)
            else:
                stop.wait(self._retry_seconds() if self._failures else CONFLICT_SECONDS)

    def is_due(self) -> bool:
        """Whether events have landed since the last refresh began, or an hour has: deadlines come nearer, and days begin, without events."""
        return self._failures > 0 or (self._raw_version, self._hour) != (
            self.lake.version(RAW_EVENTS.name),
            _this_hour(),
        )

    def refresh_once(self) -> bool:
        """Refresh and record what came of it. Returns whether it was done; what failed can be tried again."""
        raw_version, hour, begun = self.lake.version(RAW_EVENTS.name), _this_hour(), time.monotonic()
        # The first of an hour reports every table: Dagster shows that those which did not change are up to date, too.
        before = self._versions() if hour == self._hour else {}
        steps: dict[str, Step] = {}
        broken_rules: Mapping[str, Mapping[str, int]] = {}
        try:
            if self._session is None:
                self._session = self.connect()
            refresh = self.refresh(self._session)
            broken_rules = refresh.broken_rules
            for step in refresh.run():
                steps[step.table] = step
        except Overtaken as conflict:
            log.info("%s", conflict)
            record_conflict(self.database, self._builds(before, steps, broken_rules))
            return False
        except (Problem, duckdb.Error, OSError) as problem:
            self._fail(problem, self._builds(before, steps, broken_rules))
            return False
        record_success(self.database, self._builds(before, steps, broken_rules), time.monotonic() - begun)
        self._raw_version, self._hour, self._failures = raw_version, hour, 0
        return True

    def _builds(
        self, before: Mapping[str, int], steps: Mapping[str, Step], broken_rules: Mapping[str, Mapping[str, int]]
    ) -> list[Build]:
        """The tables with a new version, and what was published."""
        versions = self._versions()
        changed = [name for name, version in versions.items() if version != before.get(name)]
        published = [name for name in PUBLISHED if name in steps and steps[name].rows]
        nothing = Step("", 0, 0)
        return [
            Build(name, versions.get(name, 0), step.rows, step.seconds, broken_rules.get(name))
            for name in (*changed, *published)
            for step in (steps.get(name, nothing),)
        ]

    def _versions(self) -> Mapping[str, int]:
        found = {name: self.lake.version(name) for name in TABLES}
        return {name: version for name, version in found.items() if version is not None}

    def _fail(self, problem: Exception, builds: Sequence[Build]) -> None:
        """A DuckDB that failed is not used again: it may hold on to memory, or to half an answer."""
        self._failures += 1
        log.warning("The refresh failed, and is tried again in %.1f s: %s", self._retry_seconds(), problem)
        if self._session is not None:
            self._session.close()
            self._session = None
        with suppress(Unavailable):  # the log says it, too
            record_failure(self.database, builds, str(problem))

    def _retry_seconds(self) -> float:
        return min(RETRY_SECONDS[0] * 2.0 ** min(self._failures, 20), RETRY_SECONDS[1])


def _this_hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)

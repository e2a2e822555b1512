"""The loop of `focusflow land`: place what was committed, land it, keep the outbox's coming days ready."""

import logging
import math
import threading
import time
from dataclasses import dataclass

from focusflow.database.migrate import extend_outbox
from focusflow.database.retention import delete_expired
from focusflow.database.session import Database, Role
from focusflow.database.signals import announce_landing
from focusflow.erasure import suppressed_users
from focusflow.errors import Unavailable
from focusflow.heartbeat import Beat, unwatched
from focusflow.lake.tables import RAW_EVENTS, Lake
from ingestion.landing.lander import Lander
from ingestion.landing.prefetch import Prefetcher
from ingestion.outbox.sequencer import sequence_once
from ingestion.outbox.source import OutboxSource, Source

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.25
IDLE_TURNS = (
    20  # after so many without events the log is read all the same: another process may have placed some and ended
)
UPKEEP_SECONDS = 3600
RETRY_SECONDS = (0.5, 10.0)  # between attempts while Postgres is away: at first, and at most
SEQUENCE_ROWS = 5_000  # rows that one transaction places; writers never wait for it, other sequencers do


@dataclass(slots=True)
class Ingestion:
    """Everything between the outbox and raw, as one piece of work that can be repeated."""

    database: Database
    source: Source
    lander: Lander
    age_seconds: float
    _landed_at: float = -math.inf
    _idle_turns: int = 0  # since the log was read to its end and nothing was placed

    def drain(self) -> int:
        """Place and land until nothing is left. Returns how many events landed."""
        self.lander.check(self.source)
        total = 0
        with Prefetcher(self.source) as source:
            while self._place() + (landed := self.lander.land_once(source)):
                total += landed
        if total:
            announce_landing(self.database)
        return total

    def run(self, stop: threading.Event, maintenance: "OutboxMaintenance", beat: Beat = unwatched) -> None:
        """Until told to stop. What can pass is waited for; what cannot ends the process, and its supervisor sees it."""
        retry_seconds, is_checked = RETRY_SECONDS[0], False
        with Prefetcher(self.source) as source:
            while not stop.is_set():
                beat()
                try:
                    if not is_checked:
                        # Before anything is placed, and again when the database was away: it may be another one.
                        self.lander.check(source)
                        is_checked = True
                    maintenance.when_due()
                    self.turn(source, stop)
                    beat(has_worked=True)
                    retry_seconds = RETRY_SECONDS[0]
                except Unavailable as problem:
                    log.warning("%s Trying again in %.1f s.", problem, retry_seconds)
                    stop.wait(retry_seconds)
                    retry_seconds, is_checked = min(retry_seconds * 2, RETRY_SECONDS[1]), False

    def turn(self, source: Source, stop: threading.Event) -> None:
        """Place and land what is there, or wait a moment for something to come."""
        placed = self._place()
        if placed < self.lander.rows and not self.lander.has_more:
            if not placed:
                stop.wait(IDLE_SECONDS)
            else:
                # For company: a commit for each event would be a file for each. The first after a pause does not wait.
                stop.wait(max(self._landed_at + self.age_seconds - time.monotonic(), 0))
                placed += self._place()
        if self._is_log_unchanged(placed):
            self._idle_turns += 1
            return
        landed = self.lander.land_once(source)  # also what an earlier process placed and did not land
        self._idle_turns = 0 if landed else 1
        if landed:
            self._landed_at = time.monotonic()
            log.info("landed %d events", landed)
            announce_landing(self.database)

    def _is_log_unchanged(self, placed: int) -> bool:
        """Whether the outbox has nothing after what was read. A broker is asked each time: it waits for events itself."""
        is_read = 0 < self._idle_turns < IDLE_TURNS and not self.lander.has_more
        return is_read and not placed and isinstance(self.source, OutboxSource)

    def _place(self) -> int:
        """Place what is waiting, about a batch of the lander at most: writers may be quicker than we are."""
        placed = 0
        while placed < self.lander.rows and (count := sequence_once(self.database, SEQUENCE_ROWS)):
            placed += count
        return placed


@dataclass(slots=True)
class OutboxMaintenance:
    """Makes the outbox's partitions of the coming days, and forgets what has expired, now and then."""

    url: str
    due_at: float = 0
    answer_timeout_seconds: float = 60  # less than what a heartbeat may be silent

    def when_due(self) -> None:
        if time.monotonic() >= self.due_at:
            extend_outbox(self.url, self.answer_timeout_seconds)
            with Database(self.url, connections=1, answer_timeout_seconds=self.answer_timeout_seconds) as database:
                delete_expired(database)
            self.due_at = time.monotonic() + UPKEEP_SECONDS


def open_ingestion(
    database: Database, lake: Lake, *, buckets: int, rows: int, age_seconds: float, source: Source | None = None
) -> Ingestion:
    """From the outbox of this database, or the log of a broker, into this lake, once the lake is whole."""
    for sentence in lake.repair([RAW_EVENTS.name]):
        log.warning(sentence)

    def suppressed() -> frozenset[str]:
        with database.transaction(Role.INGESTION) as tx:
            return suppressed_users(tx)

    lander = Lander(lake, range(buckets), rows=rows, suppressed=suppressed)
    return Ingestion(database, source or OutboxSource(database), lander, age_seconds)

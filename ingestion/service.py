"""The loop of `focusflow land`: place what was committed, land it, keep the outbox's coming days ready."""

import logging
import threading
import time
from dataclasses import dataclass

from focusflow.database.migrate import prepare
from focusflow.database.session import Database
from focusflow.lake import Lake
from focusflow.problems import Unavailable
from ingestion.lander import Lander
from ingestion.sequencer import sequence_once
from ingestion.source import OutboxSource, Source

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2
UPKEEP_SECONDS = 3600
PATIENCE_SECONDS = (0.5, 10.0)  # between attempts while Postgres is away: at first, and at most


@dataclass(slots=True)
class Ingestion:
    """Everything between the outbox and raw, as one piece of work that can be repeated."""

    database: Database
    source: Source
    lander: Lander
    age_seconds: float

    def drain(self) -> int:
        """Place and land until nothing is left. Returns how many events landed."""
        landed = 0
        while sequence_once(self.database):
            pass
        while count := self.lander.land_once(self.source):
            landed += count
        return landed

    def run(self, stop: threading.Event, upkeep: "Upkeep") -> None:
        """Until told to stop. What can pass is waited for; what cannot ends the process, and its supervisor sees it."""
        patience = PATIENCE_SECONDS[0]
        while not stop.is_set():
            try:
                upkeep.when_due()
                if sequence_once(self.database):
                    stop.wait(self.age_seconds)  # for company: a commit for each event would be a file for each
                if landed := self.drain():  # also what an earlier process placed and did not live to land
                    log.info("landed %d events", landed)
                stop.wait(IDLE_SECONDS)
                patience = PATIENCE_SECONDS[0]
            except Unavailable as problem:
                log.warning("%s Trying again in %.1f s.", problem, patience)
                stop.wait(patience)
                patience = min(patience * 2, PATIENCE_SECONDS[1])


@dataclass(slots=True)
class Upkeep:
    """Makes the outbox's partitions of the coming days, now and then."""

    url: str
    buckets: int
    due_at: float = 0

    def when_due(self) -> None:
        if time.monotonic() >= self.due_at:
            prepare(self.url, self.buckets)
            self.due_at = time.monotonic() + UPKEEP_SECONDS


def open_ingestion(database: Database, lake: Lake, *, buckets: int, rows: int, age_seconds: float) -> Ingestion:
    """From the outbox of this database into this lake, once the lake is whole and the log goes on where it stands."""
    for told in lake.repair(["raw/events"]):
        log.warning(told)
    source, lander = OutboxSource(database), Lander(lake, range(buckets), rows=rows)
    lander.check(source)
    return Ingestion(database, source, lander, age_seconds)

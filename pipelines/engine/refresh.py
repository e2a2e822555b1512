"""One refresh: raw to silver to gold to the API, in order. Dagster's assets are these same steps; this runs them without it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from focusflow.contracts.registry import Noun
from focusflow.database.clock_check import require_agreement
from focusflow.database.lease import full_refresh
from focusflow.database.session import Database
from focusflow.database.tag_key import tag_key
from focusflow.errors import Conflict
from focusflow.lake.session import Session
from focusflow.lake.tables import CommitConflict, Lake, trim_cache
from models.serving.registry import Registry
from pipelines.engine import (
    build,
    catalog,
    checks,
    daily,
    histories,
    integrity,
    priorities,
    publish_scores,
    publish_tables,
    silver,
)
from pipelines.engine.descriptions import Table
from pipelines.engine.tag_hashing import hash_stored_texts

log = logging.getLogger(__name__)

CHECKS, CATALOG = "checks", "catalog.duckdb"
PUBLISHED = (TABLES, SCORES) = ("published tables", "published scores")
UNITS = {CHECKS: "tables", CATALOG: "views"}


class Overtaken(Conflict):
    """Another refresh is at work. Let it finish, and try again."""


@dataclass(frozen=True, slots=True)
class Step:
    """A table that was updated: how many rows came, and in which time. Two steps count something else."""

    table: str
    rows: int
    seconds: float
    unit: str = "rows"


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh works with. `as_of` is its one idea of now; `broken_rules` is filled by the checks, for each table.

    One that `is_live` follows an event within seconds: it checks the rows of those users of whom something has changed, and lets rest what is about
    all users. A process that stays keeps its `lake` and `session`, for they know what was read before.
    """

    lake: Lake
    session: Session
    database: Database
    buckets: int
    as_of: datetime
    models: Registry
    catalog_file: Path
    from_day: date | None = None
    to_day: date | None = None
    is_live: bool = False
    broken_rules: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return list(self.steps())

    def steps(self) -> dict[str, Callable[[], int]]:
        return {
            silver.EVENTS.name: lambda: self._events().kept,
            **{histories.spec(noun).name: self._history(noun) for noun in histories.KEPT},
            daily.DAILY.name: lambda: self._daily().rows,
            **{table.spec.name: self._table(table) for table in build.TABLES},
            priorities.SCORES.name: lambda: self._scores().tasks,
            CHECKS: self._check,
            CATALOG: lambda: catalog.write_if_due(self.lake, self.catalog_file, self.as_of, is_live=self.is_live),
            TABLES: lambda: publish_tables.publish(self.lake, self.session, self.database, self.buckets),
            SCORES: lambda: publish_scores.publish_scores(self.lake, self.session, self.database, self.buckets),
        }

    def run(self) -> Iterator[Step]:
        """Each step as it is done. What is damaged on the disk is repaired as far as can be, and the refresh starts again, once."""
        require_agreement(self.database)
        with full_refresh(self.database.url) if self.from_day else nullcontext():
            yield from self._run_and_heal()

    def _run_and_heal(self) -> Iterator[Step]:
        if self.is_live:
            self.lake.keep_open()
            self.session.connection.execute(
                "set parquet_metadata_cache = true"
            )  # files of the lake are never written twice
        try:
            yield from self._run()
        except Exception as error:
            if not integrity.is_damage(error):
                raise
            outcome = integrity.heal(self.lake, self.database, self.buckets)
            if not outcome.is_damaged:
                raise
            for sentence in (*outcome.mended, *outcome.lost):
                log.warning(sentence)
            if not outcome.mended:
                raise Conflict(" ".join(outcome.lost)) from error
            yield from self._run()

    def _run(self) -> Iterator[Step]:
        """A step that another refresh was quicker with ends this one, and nothing is lost by it."""
        for sentence in integrity.rebuild_marked(self.lake, self.buckets):
            log.warning(sentence)
        hash_stored_texts(self.lake, self.session, self.buckets, tag_key(self.database))
        for table, work in self.steps().items():
            begun = time.monotonic()
            try:
                rows = work()
            except CommitConflict as error:
                raise Overtaken(f"Another refresh is at work on {table}. Let it finish, and try again.") from error
            yield Step(table, rows, time.monotonic() - begun, UNITS.get(table, "rows"))
        if self.is_live:
            trim_cache(self.session.connection)

    def _check(self) -> int:
        """Nothing is published from tables that contradict themselves: readers keep the last good version. Where only some users' rows do,
        that holds for theirs.
        """
        broken = checks.blocking_rules(
            self.lake,
            self.session,
            self.as_of,
            live_buckets=self.buckets if self.is_live else 0,
            broken=self.broken_rules,
        )
        if broken:
            raise Conflict(f"Nothing is published, for rules of the tables are broken. {'; '.join(broken)}.")
        return len(checks.CHECKED)

    def _events(self) -> silver.LoadStats:
        return silver.load_incremental(self.lake, self.session, self.buckets, tag_key=tag_key(self.database))

    def _history(self, noun: Noun) -> Callable[[], int]:
        return lambda: histories.load_incremental(self.lake, self.session, noun, self.buckets)

    def _table(self, table: Table) -> Callable[[], int]:
        return lambda: build.load_incremental(
            self.lake, self.session, table, self.buckets, self.as_of, is_live=self.is_live
        )

    def _daily(self) -> daily.Computed:
        return daily.compute(
            self.lake, self.session, self.buckets, self.as_of,
            from_day=self.from_day, to_day=self.to_day, is_live=self.is_live,
        )  # fmt: skip

    def _scores(self) -> priorities.Scored:
        return priorities.score_open_tasks(
            self.lake, self.session, self.buckets, self.as_of, self.models, is_live=self.is_live
        )

"""Keeps the lake and the outbox small and quick to open, while all users go on reading and writing.

Small files are compacted, the log is summed up, what no version needs is cleared away, and what was kept long enough goes: events
from raw when all of them are in silver, days of the outbox when all of them are in raw, and rows of quarantine.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from focusflow.database.audit_chain import AuditChain
from focusflow.database.clock_check import require_agreement
from focusflow.database.queries import load_queries
from focusflow.database.retention import delete_expired_texts, drop_outbox_days
from focusflow.database.session import Database
from focusflow.errors import Conflict
from focusflow.lake.session import Session, scans
from focusflow.lake.tables import RAW_EVENTS, CommitConflict, Lake, low_watermark_key, position_key
from focusflow.settings import Settings
from ingestion.reconciliation import count, judge
from pipelines.engine import descriptions, integrity, silver
from pipelines.privacy.exports import Exports
from pipelines.privacy.retention import (
    delete_email_files,
    delete_ended_sign_ins,
    delete_temporary_files,
    shorten_logs,
)

log = logging.getLogger(__name__)

#: Tables that grow by a file with every commit. The others are rewritten by the partition.
GROWING = (RAW_EVENTS, silver.EVENTS, silver.QUARANTINE)
REWRITTEN = tuple(each.spec for each in descriptions.TABLES if each.full_name not in {grown.name for grown in GROWING})

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

Amounts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to a table, in numbers, with `commit conflicts` where another writer was quicker: the next time will do."""

    table: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What it works with. `now` is its one idea of it."""

    lake: Lake
    session: Session
    database: Database
    settings: Settings
    now: datetime

    def run(self) -> Iterator[Done]:
        """Table by table, first what goes, then what stays."""
        yield from self.delete_expired()
        yield from self.tidy()

    def delete_expired(self) -> Iterator[Done]:
        """What was kept long enough: `focusflow/retention.py` says how long."""
        require_agreement(self.database)
        yield self._tried(RAW_EVENTS.name, self._forget_raw)
        yield self._tried(silver.QUARANTINE.name, self._forget_quarantine)
        yield self._tried(silver.EVENTS.name, self._forget_activity)
        yield Done(
            "outbox", {"days dropped": drop_outbox_days(self.database, self._landed(), self.settings.outbox_days)}
        )
        yield Done("mails", delete_expired_texts(self.database, self.settings.words_days, self.settings.report_days))
        settings, home = self.settings, self.settings.home
        yield Done("exports", {"files deleted": Exports(self.database, settings).delete_expired()})
        chain = AuditChain(settings, self.database)
        yield Done("audit log", {"entries deleted": chain.delete_before(settings.audit_days)})
        yield Done("sign-ins", {"deleted": delete_ended_sign_ins(self.database, settings.ended_sign_in_days)})
        yield Done("email files", {"files deleted": delete_email_files(home, settings.email_file_days, self.now)})
        yield Done("temporary files", {"files deleted": delete_temporary_files(home, self.now)})
        yield Done("logs", {"logs shortened": shorten_logs(home, settings.log_days, self.now)})

    def tidy(self) -> Iterator[Done]:
        """Small files, logs of tables, and files that no version needs."""
        require_agreement(self.database)
        for spec in (*GROWING, *REWRITTEN):
            yield self._tried(spec.name, lambda: self._tidy(spec.name, is_growing=spec in GROWING))  # noqa: B023 (called at once)
        yield self._check_files()

    def _check_files(self) -> Done:
        """Hold a share of the files against their digests, and repair what can be. What is lost ends the job with its name."""
        checks = integrity.check_share(self.lake)
        outcome = integrity.repair(self.lake, self.database, self.settings.buckets, checks)
        for sentence in (*outcome.mended, *outcome.lost):
            log.warning(sentence)
        if outcome.lost:
            raise Conflict(f"Files of the lake are damaged. {' '.join(outcome.lost)}")
        amounts = {"files checked": sum(each.files for each in checks), "mended": len(outcome.mended)}
        return Done("digests", amounts | {"recorded as they are": sum(each.recorded_now for each in checks)})

    def _tried(self, table: str, work: Callable[[], Amounts]) -> Done:
        try:
            return Done(table, work())
        except CommitConflict:
            return Done(table, {"commit conflicts": 1})

    def _tidy(self, name: str, *, is_growing: bool) -> Amounts:
        table = self.lake.pinned(name)
        if table is None:
            return {}
        amounts = {"files put together": table.compact()} if is_growing else {}
        table.checkpoint()
        return amounts | {"files cleared away": table.vacuum(self.settings.lake_history_hours)}

    def _landed(self) -> dict[int, int]:
        raw = self.lake.open(RAW_EVENTS)
        return {bucket: raw.position(position_key(bucket)) for bucket in range(self.settings.buckets)}

    def _forget_raw(self) -> Amounts:
        """Only what silver has, and only while nothing is lost or doubled: raw is what shows it."""
        if not self.settings.raw_days:
            return {}
        verdict = judge(count(self.database, self.lake))
        if not verdict.is_sound:
            raise Conflict(f"Nothing goes from raw as long as this is not cleared up. {verdict.sentence}")
        raw, taken_in = self.lake.open(RAW_EVENTS), self.lake.open(silver.EVENTS)
        before = self.now - timedelta(days=self.settings.raw_days)
        young = dict(self.session.rows(QUERIES["first_kept"], scans([raw]), {"before": before}))
        gone = 0
        for bucket in range(self.settings.buckets):
            floor = min(young.get(bucket, raw.position(position_key(bucket))), taken_in.position(position_key(bucket)))
            if floor > raw.position(low_watermark_key(bucket)):
                gone += raw.forget(
                    f"bucket = {bucket} and log_offset < {floor}", positions={low_watermark_key(bucket): floor}
                )
        return {"events let go": gone}

    def _forget_activity(self) -> Amounts:
        """Whole months, and only what raw let go too, for what raw has is accounted for."""
        if not self.settings.activity_days:
            return {}
        raw, events = self.lake.open(RAW_EVENTS), self.lake.open(silver.EVENTS)
        month = f"{self.now - timedelta(days=self.settings.activity_days):%Y-%m}"
        gone = 0
        for bucket in self.session.run(QUERIES["old_activity"], scans([events]), {"month": month})[
            "bucket"
        ].to_pylist():
            floor = raw.position(low_watermark_key(bucket))
            where = f"bucket = {bucket} and month < '{month}' and noun = 'activity' and log_offset < {floor}"
            gone += events.forget(where, positions={})
        return {"activity let go": gone}

    def _forget_quarantine(self) -> Amounts:
        """By the age of what lies after them in the log, for a row that cannot be read does not tell its own; and only what raw let go
        too, for what raw has is accounted for.
        """
        if not self.settings.quarantine_days:
            return {}
        raw, quarantine, events = (self.lake.open(spec) for spec in (RAW_EVENTS, silver.QUARANTINE, silver.EVENTS))
        before = self.now - timedelta(days=self.settings.quarantine_days)
        gone = 0
        for bucket, place in self.session.rows(
            QUERIES["last_expired"], scans([quarantine, events]), {"before": before}
        ):
            floor = min(place, raw.position(low_watermark_key(bucket)))
            gone += quarantine.forget(f"bucket = {bucket} and log_offset < {floor}", positions={})
        return {"rows let go": gone}

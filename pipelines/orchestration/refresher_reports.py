"""Reports to Dagster, as events without a run, what the resident refresher built, and whether the rules of these tables hold.

Each report counts all builds of a table since the one before together, so reporting costs the same however often tables are built.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from focusflow import clock
from focusflow.database.session import Database
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake, position_key
from pipelines.engine import refresh
from pipelines.engine.checks import CHECKED, VOLUME, Verdict, judge
from pipelines.engine.rules import rules_of
from pipelines.orchestration.asset_checks import outcome_of
from pipelines.orchestration.assets.tables import key_of, result
from pipelines.refresher.state import Builds, mark_reported, unreported

log = logging.getLogger(__name__)

#: Results of checks that have not changed are reported again after so long.
CHECKS_SECONDS = 600

#: What is no table of the lake, by its step.
PUBLISHED: Mapping[str, dg.AssetKey] = {
    refresh.TABLES: dg.AssetKey(["published", "tables"]),
    refresh.SCORES: dg.AssetKey(["published", "priority_scores"]),
}


class RefresherReports:
    """Reports when it is due, and never raises: what cannot be reported now is reported later."""

    def __init__(
        self, instance: dg.DagsterInstance, lake: Lake, buckets: int, database: Database, *, seconds: float
    ) -> None:
        self._instance, self._lake, self._buckets, self._database = instance, lake, buckets, database
        self._seconds, self._due_at = seconds, 0.0

    def report_when_due(self) -> None:
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + self._seconds
        try:
            self.report()
        except Exception as error:  # noqa: BLE001 (Dagster's storage has its own errors, SQLAlchemy's and the system's)
            log.warning("What the refresher built cannot be reported for the moment: %s", error)

    def report(self) -> int:
        """Report every build that is not reported yet. Returns how many events that took."""
        count = 0
        for builds in unreported(self._database):
            for event in self._events(builds):
                self._instance.report_runless_asset_event(event)
                count += 1
            mark_reported(self._database, builds)  # killed before this, the same is reported again
        return count

    def _events(self, builds: Builds) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
        made: dict[str, Any] = {
            "built_by": "refresher",
            "builds": builds.builds,
            "seconds": builds.seconds,
            "built_at": dg.MetadataValue.timestamp(builds.built_at),
        }
        if key := PUBLISHED.get(builds.table_name):
            yield dg.AssetMaterialization(key, metadata=made | {"rows_changed": builds.rows_written})
            return
        described = result(self._lake, builds.table_name, builds.rows_written).metadata or {}
        offsets = dg.MetadataValue.json(self._consumed_offsets(builds.table_name))
        yield dg.AssetMaterialization(
            key_of(builds.table_name),
            metadata={**described, **made, "lake_version": builds.lake_version, "consumed_offsets": offsets},
        )
        if builds.broken_rules is not None and self._are_checks_due(builds.table_name, builds.broken_rules):
            for verdict in self._verdicts(builds.table_name, builds.broken_rules):
                yield dg.AssetCheckEvaluation(
                    key_of(builds.table_name),
                    verdict.rule,
                    blocking=verdict.is_blocking,
                    **outcome_of(builds.table_name, verdict),
                )

    def _are_checks_due(self, table: str, broken_rules: Mapping[str, int]) -> bool:
        """Whether Dagster shows other results than these, or old ones, or those of a run: they count for what that run built only."""
        names = [*rules_of(table), VOLUME] if table in CHECKED else []
        log = self._instance.event_log_storage
        shown = log.get_latest_asset_check_execution_by_key([dg.AssetCheckKey(key_of(table), name) for name in names])
        oldest = clock.now().timestamp() - CHECKS_SECONDS
        return len(shown) < len(names) or any(
            record.run_id != RUNLESS_RUN_ID
            or record.create_timestamp < oldest
            or (record.status is AssetCheckExecutionRecordStatus.SUCCEEDED) == (key.name in broken_rules)
            for key, record in shown.items()
        )

    def _verdicts(self, table: str, broken_rules: Mapping[str, int]) -> list[Verdict]:
        """Where a rule is broken, the table is checked again here, for the users whose rows break it: Postgres keeps none of them."""
        if broken_rules:
            return judge(self._lake, duckdb_session(), table)
        return [Verdict(rule, passed=True, broken=0) for rule in (*rules_of(table), VOLUME)]

    def _consumed_offsets(self, table: str) -> dict[str, int]:
        """Up to which event of each bucket the table was built."""
        pinned = self._lake.pinned(table)
        keys = [position_key(bucket) for bucket in range(self._buckets)] if pinned else []
        return {key: position for key in keys if pinned and (position := pinned.position(key))}

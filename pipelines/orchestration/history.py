"""Deletes Dagster's old runs with their events, which Dagster itself keeps forever.

A refresh writes about 3 MB of events. What assets and checks show as their newest state stays, whatever its age.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)

from focusflow.settings import Settings
from pipelines.orchestration.event_log import EventLog

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

#: So many runs are looked up at a time.
BATCH = 200

#: Newest events of assets, by partition, and newest results of checks.
NEWEST_EVENTS = (
    sa.select(sa.func.max(SqlEventLogStorageTable.c.id))
    .where(SqlEventLogStorageTable.c.asset_key.is_not(None))
    .group_by(
        SqlEventLogStorageTable.c.dagster_event_type,
        SqlEventLogStorageTable.c.asset_key,
        SqlEventLogStorageTable.c.partition,
    )
)
NEWEST_CHECKS = sa.select(sa.func.max(AssetCheckExecutionsTable.c.id)).group_by(
    AssetCheckExecutionsTable.c.asset_key, AssetCheckExecutionsTable.c.check_name
)


def prune(instance: dg.DagsterInstance, settings: Settings, job: str, now: datetime) -> int:
    """Delete finished runs that are old, and those of a frequent job beyond the newest. Returns how many."""
    before = now - timedelta(days=settings.dagster_history_days)
    old = dg.RunsFilter(statuses=FINISHED, created_before=before)
    frequent = dg.RunsFilter(job_name=job, statuses=FINISHED)
    chosen = {*_run_ids(instance, old), *islice(_run_ids(instance, frequent), settings.dagster_refresh_runs, None)}
    chosen -= _shown_runs(instance)
    for run_id in chosen:
        instance.delete_run(run_id)
    _delete_check_results(instance, chosen)
    _delete_runless_events(instance, settings.dagster_refresh_runs)
    return len(chosen)


def _run_ids(instance: dg.DagsterInstance, chosen: dg.RunsFilter) -> Iterator[str]:
    """The newest first."""
    cursor = None
    while found := instance.get_run_ids(chosen, cursor=cursor, limit=BATCH):
        yield from found
        cursor = found[-1]


def _shown_runs(instance: dg.DagsterInstance) -> set[str]:
    """The runs of which something is shown as the newest: of an asset, a partition of it, or a check."""
    log = instance.event_log_storage
    if not isinstance(log, EventLog):
        return set()
    with log.index_connection() as connection:
        events = sa.select(SqlEventLogStorageTable.c.run_id).where(SqlEventLogStorageTable.c.id.in_(NEWEST_EVENTS))
        checks = sa.select(AssetCheckExecutionsTable.c.run_id).where(AssetCheckExecutionsTable.c.id.in_(NEWEST_CHECKS))
        return {run_id for query in (events, checks) for (run_id,) in connection.execute(query)}


def _delete_runless_events(instance: dg.DagsterInstance, kept: int) -> None:
    """Of what the resident refresher reported of each table and each check, the newest stay."""
    log = instance.event_log_storage
    if not isinstance(log, EventLog):
        return
    log.delete_file(RUNLESS_RUN_ID)  # a second copy, which nothing reads
    with log.index_connection() as connection:
        connection.execute(
            sa.delete(AssetCheckExecutionsTable).where(
                AssetCheckExecutionsTable.c.id.in_(
                    _beyond(
                        AssetCheckExecutionsTable,
                        kept,
                        AssetCheckExecutionsTable.c.asset_key,
                        AssetCheckExecutionsTable.c.check_name,
                    )
                )
            )
        )
        known = sa.select(AssetCheckExecutionsTable.c.evaluation_event_storage_id)
        events = SqlEventLogStorageTable.c
        is_evaluation = events.dagster_event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION.value
        old = _beyond(SqlEventLogStorageTable, kept, events.dagster_event_type, events.asset_key, where=~is_evaluation)
        connection.execute(
            sa.delete(SqlEventLogStorageTable).where(
                events.run_id == RUNLESS_RUN_ID,
                sa.or_(events.id.in_(old), sa.and_(is_evaluation, events.id.not_in(known))),
            )
        )


def _beyond(
    table: sa.Table, kept: int, *group: sa.ColumnElement[Any], where: sa.ColumnElement[bool] | None = None
) -> sa.Select[Any]:
    """The rows without a run beyond the newest of each group."""
    place = sa.func.row_number().over(partition_by=group, order_by=table.c.id.desc()).label("place")
    chosen = sa.select(table.c.id, place).where(table.c.run_id == RUNLESS_RUN_ID)
    ranked = (chosen if where is None else chosen.where(where)).subquery()
    return sa.select(ranked.c.id).where(ranked.c.place > kept)


def _delete_check_results(instance: dg.DagsterInstance, runs: set[str]) -> None:
    """Dagster keeps the results of checks, and tags of events, beside the events of a run."""
    log = instance.event_log_storage
    if not isinstance(log, EventLog):
        return
    chosen = sorted(runs)
    with log.index_connection() as connection:
        for start in range(0, len(chosen), BATCH):
            batch = chosen[start : start + BATCH]
            connection.execute(
                sa.delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id.in_(batch))
            )
        known = sa.select(SqlEventLogStorageTable.c.id)
        connection.execute(sa.delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.not_in(known)))

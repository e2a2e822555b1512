"""The lake's tables as assets: raw, silver, gold."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
from pydantic import Field

from focusflow import clock
from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import Noun
from focusflow.lake.tables import RAW_EVENTS, Lake, TableSpec, duckdb_type
from focusflow.metrics import BY_NAME as METRICS
from pipelines.engine import (
    build,
    catalog,
    checks,
    daily,
    data_docs,
    histories,
    integrity,
    lineage,
    publish_tables,
    silver,
)
from pipelines.engine.partitions import FIRST_MONTH
from pipelines.orchestration.resources import Installation

OWNERS = ["team:data"]
RETRY = dg.RetryPolicy(max_retries=3, delay=0.5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
KINDS = {"deltalake", "duckdb"}

#: A table that nobody brought up for so long is told of, then called stale. The hourly run brings up all.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=3), warn_window=timedelta(hours=2))

#: Up to the next month, which has begun already in the east.
MONTHS = dg.MonthlyPartitionsDefinition(
    start_date=datetime.strptime(FIRST_MONTH, "%Y-%m").replace(tzinfo=UTC), timezone="UTC", end_offset=2, fmt="%Y-%m"
)

COLUMN_MEANINGS = {
    "event_id": "The event's identity: whoever reads it twice passes over it.",
    "id": "The event's identity, as far as it can be read.",
    "type": "What happened, like task.completed.",
    "noun": "What it happened to.",
    "subject": "The entity to which it happened.",
    "entity_version": "Which version of its entity the event made, from 1.",
    "version": "Which version of its entity it is, from 1.",
    "change": "The event that made this version.",
    "occurred_at": "When it happened.",
    "recorded_at": "When the platform accepted it.",
    "recorded_time": "When the platform accepted it.",
    "timezone": "The person's zone then.",
    "actor": "Who did it: user, system, ai or import.",
    "source": "Which program wrote the event.",
    "value": "The event's bytes, as they came.",
    "reason": "Why it cannot be read.",
    "last_month": "The month of the last day on which this version held or mattered; 9999-12 while it goes on.",
    "task_id": "The task.",
    "score": "What to do next, weighed: 0 to 100.",
    "rank": "Its place among the person's open tasks by score.",
    "rank_by_due_date": "Its place by the earliest due date.",
    "rank_by_urgency": "Its place by Taskwarrior's urgency.",
    "reasons": "What the score is made of: a list of words and points that add up to it.",
    "deadline_risk": "How likely it misses its date; rises with age where there is none. [0 to 1]",
    "importance": "By priority, goal, what waits for it, and pinning. [0 to 1]",
    "likelihood": "How likely it is done by the end of the next day. [0 to 1]",
    "is_baseline": "Whether a simple rule scored it, for want of a model.",
    "task_version": "Which version of the task was scored.",
    "model_version": "Which model scored it.",
    "as_of": "The moment as of which it was scored.",
    "user_id": "Whose row it is.",
    "bucket": "The user's bucket: the same in the outbox, in Kafka and in every table.",
    "month": "The month of the local date.",
    "local_date": "The date on the user's wall calendar, frozen when the event was written.",
    "log_offset": "The event's place in its bucket's log.",
    "data": "The entity after the change, by its contract, without personal text.",
    "valid_from": "Since when this version holds.",
    "valid_to": "Until when this version held; empty for the newest.",
    "changed_on": "The local date of the change.",
    "changed_in": "The user's zone at the change.",
}


def key_of(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("/"))


def columns_of(spec: TableSpec, meanings: Mapping[str, str]) -> dg.TableSchema:
    return dg.TableSchema([_column(field, meanings) for field in spec.schema])


def _with_unit(meaning: str, unit: str) -> str:
    return f"{meaning} [{unit}]" if unit else meaning


def _column(field: pa.Field, meanings: Mapping[str, str]) -> dg.TableColumn:
    metric = METRICS.get(field.name)
    meaning = meanings.get(field.name) or (_with_unit(metric.meaning, metric.unit) if metric else None)
    return dg.TableColumn(field.name, duckdb_type(field.type), description=meaning)


def described(spec: TableSpec, *made_by: Path, meanings: Mapping[str, str] = COLUMN_MEANINGS) -> Mapping[str, object]:
    """What a table's page says of it: its columns, and the files in which the SQL stands that makes it."""
    said = {"dagster/column_schema": columns_of(spec, meanings), "dagster/table_name": spec.name.replace("/", ".")}
    files = [
        dg.LocalFileCodeReference(file_path=str(path), label=f"{path.parent.name}/{path.name}") for path in made_by
    ]
    return said | (
        {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[*files])} if files else {}
    )


def result(lake: Lake, table: str, written: int, **more: int) -> dg.MaterializeResult[None]:
    """What a table's page says of the time when it was made: how many rows were written, and there are; of which columns each is made."""
    made = lineage.known().get(table, {})
    depend = {
        column: [dg.TableColumnDep(key_of(name), source) for name, source in of] for column, of in made.items() if of
    }
    return dg.MaterializeResult(
        asset_key=key_of(table),
        metadata={
            "dagster/row_count": there.rows() if (there := lake.pinned(table)) else 0,
            "dagster/column_lineage": dg.TableColumnLineage(depend),
            "rows_written": written,
            **more,
        },
    )


raw_events = dg.AssetSpec(
    key_of(RAW_EVENTS.name),
    description="Every accepted event as it was received. Written by the lander, never changed.",
    group_name="raw",
    kinds={"deltalake"},
    owners=OWNERS,
    metadata=described(RAW_EVENTS),
)


@dg.multi_asset(
    name="silver_events",
    specs=[
        dg.AssetSpec(
            key_of(silver.EVENTS.name),
            deps=[raw_events],
            description="One row an event: typed, once each, without personal text.",
            group_name="silver",
            kinds=KINDS,
            owners=OWNERS,
            metadata=described(
                silver.EVENTS, *(silver.HERE / f"{name}.sql" for name in ("query", "event", "unknown", "first"))
            ),
            freshness_policy=FRESH,
        ),
        dg.AssetSpec(
            key_of(silver.QUARANTINE.name),
            deps=[raw_events],
            description="Events that cannot be read: the reason, the place in the log, and the bytes.",
            group_name="silver",
            kinds=KINDS,
            owners=OWNERS,
            metadata=described(silver.QUARANTINE, silver.HERE / "aside.sql"),
            freshness_policy=FRESH,
        ),
    ],
    retry_policy=RETRY,
    pool="silver_events",
)
def silver_events(
    context: dg.AssetExecutionContext, installation: Installation
) -> tuple[dg.MaterializeResult[None], dg.MaterializeResult[None]]:
    for sentence in integrity.rebuild_marked(installation.lake, installation.buckets):
        context.log.warning(sentence)
    taken = silver.take_in(installation.lake, installation.duckdb(), installation.buckets)
    return (
        result(installation.lake, silver.EVENTS.name, taken.kept, read=taken.read),
        result(installation.lake, silver.QUARANTINE.name, taken.quarantined),
    )


def history_asset(noun: Noun) -> dg.AssetsDefinition:
    spec = histories.spec(noun)

    @dg.asset(
        key=key_of(spec.name),
        deps=[key_of(silver.EVENTS.name)],
        description=f"Every version of each {noun.name.replace('_', ' ')}, and the time in which it held.",
        group_name="silver",
        kinds=KINDS,
        owners=OWNERS,
        metadata=described(
            spec,
            histories.FOLDER / "versions.sql",
            histories.FOLDER / "held.sql",
            meanings=_of_entity(noun) | COLUMN_MEANINGS,
        ),
        freshness_policy=FRESH,
        retry_policy=RETRY,
        pool=spec.name.replace("/", "_"),
    )
    def history(installation: Installation) -> dg.MaterializeResult[None]:
        written = histories.bring_up(installation.lake, installation.duckdb(), noun, installation.buckets)
        return result(installation.lake, spec.name, written)

    return history


def _of_entity(noun: Noun) -> dict[str, str]:
    """What the columns of a history mean that its contract brings."""
    name = noun.name.replace("_", " ")
    said = {
        column: f"As the {name} was in this version. {noun.data.model_fields[column].description or ''}".strip()
        for column in public_columns(noun.data)
    }
    return said | {histories.entity_column(noun): f"The {name}."}


class DailyConfig(dg.Config):
    """How the daily table is brought up."""

    anew: bool = Field(
        True,
        description="Compute the chosen months from their first day on, and not only the days that new events touch.",
    )


@dg.asset(
    key=key_of(daily.DAILY.name),
    deps=[key_of(silver.EVENTS.name), *(key_of(histories.spec(noun).name) for noun in histories.KEPT)],
    description="One row a person and local day: what was done, due and open, and the productivity score with its components.",
    group_name="gold",
    kinds=KINDS,
    owners=OWNERS,
    metadata=described(daily.DAILY, *(daily.FOLDER / f"{name}.sql" for name in ("outcomes", "query"))),
    freshness_policy=FRESH,
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    pool="gold_productivity_daily",
)
def productivity_daily(
    context: dg.AssetExecutionContext, config: DailyConfig, installation: Installation
) -> dg.MaterializeResult[None]:
    first_day = date.fromisoformat(f"{min(context.partition_keys)}-01") if config.anew else None
    computed = daily.compute(
        installation.lake, installation.duckdb(), installation.buckets, installation.checked_now(), from_day=first_day
    )
    return result(
        installation.lake,
        daily.DAILY.name,
        computed.rows,
        people=computed.people,
        files=computed.partitions,
    )


def gold_asset(table: build.Table) -> dg.AssetsDefinition:
    """A folder of `tables/gold` as an asset."""
    said = {each.name: _with_unit(each.meaning, each.unit) for each in table.columns}

    @dg.asset(
        key=key_of(table.spec.name),
        deps=[key_of(name) for name in table.reads],
        description=table.description,
        group_name="gold",
        kinds=KINDS,
        owners=OWNERS,
        metadata=described(table.spec, table.file, meanings=COLUMN_MEANINGS | said),
        freshness_policy=FRESH,
        retry_policy=RETRY,
        pool=table.spec.name.replace("/", "_"),
    )
    def gold(installation: Installation) -> dg.MaterializeResult[None]:
        rows = build.bring_up(installation.lake, installation.duckdb(), table, installation.buckets, clock.now())
        return result(installation.lake, table.spec.name, rows)

    return gold


@dg.asset(
    key=["published", "tables"],
    deps=[key_of(daily.DAILY.name), *(key_of(table.spec.name) for table in build.TABLES)],
    description="The gold tables as the API answers with them, each swapped in one transaction.",
    group_name="gold",
    kinds={"postgres"},
    owners=OWNERS,
    retry_policy=RETRY,
    pool="published_tables",
)
def published_tables(installation: Installation) -> dg.MaterializeResult[None]:
    with installation.database() as database:
        changed = publish_tables.publish(installation.lake, installation.duckdb(), database, installation.buckets)
    return dg.MaterializeResult(metadata={"rows_changed": changed})


@dg.asset(
    key=["published", "catalog"],
    deps=[key_of(name) for name in checks.CHECKED],
    description="`catalog.duckdb` under the home: every table as a view, for DuckDB, DBeaver, Metabase and the like.",
    group_name="gold",
    kinds={"duckdb"},
    owners=OWNERS,
    retry_policy=RETRY,
    pool="published_catalog",
)
def published_catalog(installation: Installation) -> dg.MaterializeResult[None]:
    views = catalog.write(installation.lake, installation.settings.catalog_file)
    return dg.MaterializeResult(metadata={"views": views, "file": str(installation.settings.catalog_file)})


@dg.asset(
    key=["published", "data_docs"],
    deps=[key_of(name) for name in checks.CHECKED],
    description="Great Expectations' Data Docs: which rules of which table hold, and rows that break them, as pages under the home.",
    group_name="quality",
    kinds={"greatexpectations"},
    owners=OWNERS,
    retry_policy=RETRY,
    pool="published_data_docs",
)
def published_data_docs(installation: Installation) -> dg.MaterializeResult[None]:
    folder = installation.settings.data_docs_folder
    first = data_docs.write(installation.lake, installation.duckdb(), folder, clock.now())
    pages = f"{installation.settings.dagster_address}{data_docs.ADDRESS}/{first.name}"
    return dg.MaterializeResult(
        metadata={"pages": dg.MetadataValue.url(pages), "folder": dg.MetadataValue.path(folder)}
    )


table_assets: list[dg.AssetSpec | dg.AssetsDefinition] = [
    raw_events,
    silver_events,
    *map(history_asset, histories.KEPT),
    productivity_daily,
    *map(gold_asset, build.TABLES),
    published_tables,
    published_catalog,
    published_data_docs,
]

"""The lake's tables as assets: raw, silver, gold."""

from collections.abc import Mapping
from datetime import date

import dagster as dg
import pyarrow as pa

from focusflow import clock
from focusflow.contracts.registry import Noun
from focusflow.lake import RAW_EVENTS, TableSpec, duckdb_type
from focusflow.metrics import BY_NAME as METRICS
from pipelines import build, catalog, daily, histories, publication, quality, silver
from pipelines.partitions import months
from pipelines.resources import Installation

OWNERS = ["team:data"]
RETRY = dg.RetryPolicy(max_retries=3, delay=0.5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
KINDS = {"deltalake", "duckdb"}

COLUMN_MEANINGS = {
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


def columns_of(spec: TableSpec) -> dg.TableSchema:
    return dg.TableSchema([_column(field) for field in spec.schema])


def _with_unit(meaning: str, unit: str) -> str:
    return f"{meaning} [{unit}]" if unit else meaning


def _column(field: pa.Field) -> dg.TableColumn:
    metric = METRICS.get(field.name)
    meaning = _with_unit(metric.meaning, metric.unit) if metric else COLUMN_MEANINGS.get(field.name)
    return dg.TableColumn(field.name, duckdb_type(field.type), description=meaning)


def described(spec: TableSpec) -> Mapping[str, object]:
    return {"dagster/column_schema": columns_of(spec), "dagster/table_name": spec.name.replace("/", ".")}


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
            metadata=described(silver.EVENTS),
        ),
        dg.AssetSpec(
            key_of(silver.QUARANTINE.name),
            deps=[raw_events],
            description="Events that cannot be read: the reason, the place in the log, and the bytes.",
            group_name="silver",
            kinds=KINDS,
            owners=OWNERS,
            metadata=described(silver.QUARANTINE),
        ),
    ],
    retry_policy=RETRY,
    pool="silver_events",
)
def silver_events(installation: Installation) -> tuple[dg.MaterializeResult[None], dg.MaterializeResult[None]]:
    taken = silver.take_in(installation.lake, installation.duckdb(), installation.buckets)
    return (
        dg.MaterializeResult(
            asset_key=key_of(silver.EVENTS.name), metadata={"dagster/row_count": taken.kept, "read": taken.read}
        ),
        dg.MaterializeResult(
            asset_key=key_of(silver.QUARANTINE.name), metadata={"dagster/row_count": taken.quarantined}
        ),
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
        metadata=described(spec),
        retry_policy=RETRY,
        pool=spec.name.replace("/", "_"),
    )
    def history(installation: Installation) -> dg.MaterializeResult[None]:
        rows = histories.bring_up(installation.lake, installation.duckdb(), noun, installation.buckets)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return history


class DailyConfig(dg.Config):
    """How the daily table is brought up."""

    anew: bool = True  # compute the chosen months from their first day on, not only what new events touch


@dg.asset(
    key=key_of(daily.DAILY.name),
    deps=[key_of(silver.EVENTS.name), *(key_of(histories.spec(noun).name) for noun in histories.KEPT)],
    description="One row a person and local day: what was done, due and open, and the productivity score with its components.",
    group_name="gold",
    kinds=KINDS,
    owners=OWNERS,
    metadata=described(daily.DAILY),
    partitions_def=months,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    pool="gold_productivity_daily",
)
def productivity_daily(
    context: dg.AssetExecutionContext, config: DailyConfig, installation: Installation
) -> dg.MaterializeResult[None]:
    first_day = date.fromisoformat(f"{min(context.partition_keys)}-01") if config.anew else None
    computed = daily.compute(
        installation.lake, installation.duckdb(), installation.buckets, clock.now(), from_day=first_day
    )
    return dg.MaterializeResult(
        metadata={"dagster/row_count": computed.rows, "people": computed.people, "files": computed.partitions}
    )


def gold_asset(table: build.Table) -> dg.AssetsDefinition:
    """A folder of `tables/gold` as an asset."""
    columns = [
        dg.TableColumn(each.name, each.type, description=_with_unit(each.meaning, each.unit)) for each in table.columns
    ]
    owner = [dg.TableColumn("user_id", "VARCHAR", description=COLUMN_MEANINGS["user_id"])] if table.is_personal else []

    @dg.asset(
        key=key_of(table.spec.name),
        deps=[key_of(name) for name in table.reads],
        description=table.description,
        group_name="gold",
        kinds=KINDS,
        owners=OWNERS,
        metadata={
            "dagster/column_schema": dg.TableSchema([*owner, *columns]),
            "dagster/table_name": table.spec.name.replace("/", "."),
        },
        retry_policy=RETRY,
        pool=table.spec.name.replace("/", "_"),
    )
    def gold(installation: Installation) -> dg.MaterializeResult[None]:
        rows = build.bring_up(installation.lake, installation.duckdb(), table, installation.buckets, clock.now())
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

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
        changed = publication.publish(installation.lake, installation.duckdb(), database, installation.buckets)
    return dg.MaterializeResult(metadata={"rows_changed": changed})


@dg.asset(
    key=["published", "catalog"],
    deps=[key_of(name) for name in quality.CHECKED],
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


table_assets: list[dg.AssetSpec | dg.AssetsDefinition] = [
    raw_events,
    silver_events,
    *map(history_asset, histories.KEPT),
    productivity_daily,
    *map(gold_asset, build.TABLES),
    published_tables,
    published_catalog,
]

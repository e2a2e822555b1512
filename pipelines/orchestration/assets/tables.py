"""The lake's tables as assets: raw, silver, gold."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from focusflow import clock
from focusflow.contracts.registry import Noun
from focusflow.database.lease import full_refresh
from focusflow.database.tag_key import tag_key
from focusflow.lake.tables import RAW_EVENTS, Lake
from pipelines.engine import (
    build,
    catalog,
    checks,
    daily,
    data_docs,
    descriptions,
    histories,
    integrity,
    lineage,
    publish_tables,
    silver,
)
from pipelines.engine.partitions import FIRST_MONTH
from pipelines.engine.tag_hashing import hash_stored_texts
from pipelines.orchestration.resources import Installation

OWNERS = ["team:data"]
RETRY = dg.RetryPolicy(max_retries=3, delay=0.5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
KINDS = {"deltalake", "duckdb"}

#: A table that nobody updated for so long is told of, then called stale. The hourly run updates all.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=3), warn_window=timedelta(hours=2))

#: Up to the next month, which has begun already in the east.
MONTHS = dg.MonthlyPartitionsDefinition(
    start_date=datetime.strptime(FIRST_MONTH, "%Y-%m").replace(tzinfo=UTC), timezone="UTC", end_offset=2, fmt="%Y-%m"
)


def key_of(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("/"))


def described(table: descriptions.Table) -> Mapping[str, object]:
    """What a table's page says of it: its columns, and the files in which the SQL stands that makes it."""
    columns = [dg.TableColumn(each.name, each.type, description=each.description) for each in table.columns]
    files = [
        dg.LocalFileCodeReference(file_path=str(path), label=f"{path.parent.name}/{path.name}") for path in table.files
    ]
    references = {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[*files])} if files else {}
    return {"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": table.sql_name} | references


def asset_spec(table: descriptions.Table) -> dg.AssetSpec:
    """A table as an asset, as its folder describes it."""
    return dg.AssetSpec(
        key_of(table.full_name),
        deps=[key_of(name) for name in table.reads],
        description=table.description,
        group_name=table.group,
        kinds=KINDS if table.reads else {"deltalake"},
        owners=OWNERS,
        metadata=described(table),
        freshness_policy=FRESH if table.reads else None,
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
            "column_filters_and_joins": dg.MetadataValue.json(dict(lineage.conditions().get(table, {}))),
            "rows_written": written,
            **more,
        },
    )


raw_events = asset_spec(descriptions.table(RAW_EVENTS.name))


@dg.multi_asset(
    name="silver_events",
    specs=[asset_spec(descriptions.table(silver.EVENTS.name)), asset_spec(descriptions.table(silver.QUARANTINE.name))],
    retry_policy=RETRY,
    pool="silver_events",
)
def silver_events(
    context: dg.AssetExecutionContext, installation: Installation
) -> tuple[dg.MaterializeResult[None], dg.MaterializeResult[None]]:
    for sentence in integrity.rebuild_marked(installation.lake, installation.buckets):
        context.log.warning(sentence)
    lake, session, buckets = installation.lake, installation.session(), installation.buckets
    with installation.database() as database:
        key = tag_key(database)
    if hash_stored_texts(lake, session, buckets, key):
        context.log.info("Tags of an earlier version are hashed.")
    taken = silver.load_incremental(lake, session, buckets, tag_key=key)
    return (
        result(installation.lake, silver.EVENTS.name, taken.kept, read=taken.read),
        result(installation.lake, silver.QUARANTINE.name, taken.quarantined),
    )


def built(name: str, **how: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """The decorator of a function that builds a table: its asset is described by the table's folder."""
    return dg.multi_asset(
        name=name.replace("/", "__"),
        specs=[asset_spec(descriptions.table(name))],
        retry_policy=RETRY,
        pool=name.replace("/", "_"),
        **how,
    )


def history_asset(noun: Noun) -> dg.AssetsDefinition:
    name = histories.spec(noun).name

    @built(name)
    def history(installation: Installation) -> dg.MaterializeResult[None]:
        written = histories.load_incremental(installation.lake, installation.session(), noun, installation.buckets)
        return result(installation.lake, name, written)

    return history


class DailyConfig(dg.Config):
    """How the daily table is updated."""

    anew: bool = Field(
        True,
        description="Compute the chosen months from their first day on, and not only the days that new events touch.",
    )


@built(daily.DAILY.name, partitions_def=MONTHS, backfill_policy=dg.BackfillPolicy.single_run())
def productivity_daily(
    context: dg.AssetExecutionContext, config: DailyConfig, installation: Installation
) -> dg.MaterializeResult[None]:
    first_day = date.fromisoformat(f"{min(context.partition_keys)}-01") if config.anew else None
    with installation.database() as database, full_refresh(database.url) if first_day else nullcontext():
        computed = daily.compute(
            installation.lake,
            installation.session(),
            installation.buckets,
            installation.checked_now(),
            from_day=first_day,
        )
    return result(
        installation.lake,
        daily.DAILY.name,
        computed.rows,
        users=computed.users,
        files=computed.partitions,
    )


def gold_asset(table: descriptions.Table) -> dg.AssetsDefinition:
    @built(table.full_name)
    def gold(installation: Installation) -> dg.MaterializeResult[None]:
        rows = build.load_incremental(
            installation.lake, installation.session(), table, installation.buckets, clock.now()
        )
        return result(installation.lake, table.full_name, rows)

    return gold


@dg.asset(
    key=["published", "tables"],
    deps=[key_of(each.full_name) for each in publish_tables.TABLES],
    description="The gold tables as the API answers with them, each swapped in one transaction.",
    group_name="gold",
    kinds={"postgres"},
    owners=OWNERS,
    retry_policy=RETRY,
    pool="published_tables",
)
def published_tables(installation: Installation) -> dg.MaterializeResult[None]:
    with installation.database() as database:
        changed = publish_tables.publish(installation.lake, installation.session(), database, installation.buckets)
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
    description="Great Expectations' Data Docs: which rules of which table hold, and how often others are broken, as pages under the home.",
    group_name="quality",
    kinds={"greatexpectations"},
    owners=OWNERS,
    retry_policy=RETRY,
    pool="published_data_docs",
)
def published_data_docs(installation: Installation) -> dg.MaterializeResult[None]:
    folder = installation.settings.data_docs_folder
    first = data_docs.write(installation.lake, installation.session(), folder, clock.now())
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

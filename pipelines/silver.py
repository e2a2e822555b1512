"""Raw events become silver: typed, once each, without personal text. What cannot be read goes to quarantine with its reason.

Both tables remember how far they have taken raw in. Quarantine commits first; after a crash between the two, the rows it has
already are not put there again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa

from focusflow.clock import zone_names
from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import NOUNS, Noun
from focusflow.lake import RAW_EVENTS, Lake, Pinned, TableSpec, position_key, quoted

HERE = Path(__file__).with_name("tables") / "silver" / "events"

EVENTS = TableSpec(
    "silver/events",
    pa.schema(
        [
            ("event_id", pa.string()),
            ("type", pa.string()),
            ("noun", pa.string()),
            ("user_id", pa.string()),
            ("subject", pa.string()),
            ("entity_version", pa.int64()),
            ("occurred_at", pa.timestamp("us", "UTC")),
            ("recorded_at", pa.timestamp("us", "UTC")),
            ("timezone", pa.string()),
            ("local_date", pa.date32()),
            ("actor", pa.string()),
            ("source", pa.string()),
            ("log_offset", pa.int64()),
            ("data", pa.string()),
            ("month", pa.string()),
            ("bucket", pa.int16()),
        ]
    ),
    ("month", "bucket"),
)

QUARANTINE = TableSpec(
    "quarantine/events",
    pa.schema(
        [
            ("log_offset", pa.int64()),
            ("reason", pa.string()),
            ("value", pa.binary()),
            ("bucket", pa.int16()),
        ]
    ),
    ("bucket",),
)


#: When a field has a value; for days and moments, one that every reader of the lake can represent.
IS_FIT = {
    "DATE": "({} between '0001-01-01' and '9999-12-31')",
    "TIMESTAMPTZ": "({} between '0001-01-02' and '9999-12-31')",
}


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one pass over new raw events came to."""

    read: int = 0
    kept: int = 0
    quarantined: int = 0


def since(silver: Pinned, positions: Mapping[int, int]) -> str:
    """The rows of silver that came after a position of each bucket, as a query."""
    parts = [
        f"(from {silver.scan(f'bucket = {bucket} and log_offset >= {start}')} where log_offset >= {start})"
        for bucket, start in positions.items()
    ]
    return " union all ".join(parts)


def take_in(lake: Lake, connection: duckdb.DuckDBPyConnection, buckets: int) -> TakenIn:
    """Bring silver up to raw's newest version, exactly once."""
    raw, silver, quarantine = lake.open(RAW_EVENTS), lake.open(EVENTS), lake.open(QUARANTINE)
    behind = {
        bucket: (silver.position(position_key(bucket)), raw.position(position_key(bucket))) for bucket in range(buckets)
    }
    behind = {bucket: span for bucket, span in behind.items() if span[0] < span[1]}
    if not behind:
        return TakenIn()
    _read(connection, raw, behind)
    _prove_data(connection)
    _drop_repeats(connection, silver, behind)
    positions = {position_key(bucket): end for bucket, (_, end) in behind.items()}
    bad = connection.sql("select * from fit where reason is not null").to_arrow_table()
    unseen = _not_yet_in(connection, quarantine)
    if len(unseen):
        quarantine.append(unseen, positions=positions)
    good = connection.sql(
        "select *, strftime(local_date, '%Y-%m') as month from fit"
        " where reason is null and is_first order by month, bucket, user_id, local_date, log_offset"
    ).to_arrow_table()
    silver.append(good, positions=positions)
    return TakenIn(sum(end - start for start, end in behind.values()), len(good), len(bad))


def _read(connection: duckdb.DuckDBPyConnection, raw: Pinned, behind: dict[int, tuple[int, int]]) -> None:
    parts = [
        f"(from {raw.scan(f'bucket = {bucket} and log_offset >= {start}')} where log_offset >= {start} and log_offset < {end})"
        for bucket, (start, end) in behind.items()
    ]
    connection.execute("create or replace temp view fresh as " + " union all ".join(parts))
    nouns = [(type_, noun.name, noun.schema) for noun in NOUNS for type_ in noun.types]
    connection.execute("create or replace temp table nouns (type varchar, noun varchar, dataschema varchar)")
    connection.executemany("insert into nouns values (?, ?, ?)", nouns)
    connection.execute(
        "create or replace temp table zones as select unnest(?::varchar[]) as name", [sorted(zone_names())]
    )
    connection.execute("create or replace temp table read as " + (HERE / "query.sql").read_text(encoding="utf-8"))


def _prove_data(connection: duckdb.DuckDBPyConnection) -> None:
    """Hold the data against its noun's contract, noun by noun."""
    template = (HERE / "data.sql").read_text(encoding="utf-8")
    present = {noun for (noun,) in connection.execute("select distinct noun from read where reason is null").fetchall()}
    parts = [template.format(**_fragments(noun)) for noun in NOUNS if noun.name in present]
    parts.append("select * exclude (data, reason), data::varchar as data, reason from read where reason is not null")
    connection.execute(
        "create or replace temp table proven as " + " union all by name ".join(f"({part})" for part in parts)
    )


def _fragments(noun: Noun) -> dict[str, str]:
    columns = public_columns(noun.data)
    misfits = [
        f"when {IS_FIT.get(type_, '({} is not null)').format(f'fields.{name}')} is not true and json_extract_string(data, '$.{name}') is not null then 'data.{name} is not {type_}'"
        for name, type_ in columns.items()
        if type_ != "VARCHAR"
    ]
    misfit = f"case {' '.join(misfits)} end" if misfits else "null"
    return {"structure": quoted(orjson.dumps(columns).decode()), "misfit": misfit, "noun": quoted(noun.name)}


def _drop_repeats(connection: duckdb.DuckDBPyConnection, silver: Pinned, behind: dict[int, tuple[int, int]]) -> None:
    """Mark the first of each id. Ids are a user's own: nobody can take the place of another's event by its id."""
    low, high = connection.execute("select min(event_id), max(event_id) from proven where reason is null").fetchall()[0]
    listed = ", ".join(str(bucket) for bucket in behind)
    known = silver.scan(f"bucket in ({listed}) and event_id >= '{low}' and event_id <= '{high}'")
    connection.execute(f"create or replace temp view known as from {known} where event_id between '{low}' and '{high}'")
    connection.execute(
        "create or replace temp table fit as"
        " select *, row_number() over (partition by user_id, event_id, reason is null order by log_offset) = 1"
        " and not exists (select 1 from known where known.user_id = proven.user_id and known.event_id = proven.event_id) as is_first"
        " from proven"
    )


def _not_yet_in(connection: duckdb.DuckDBPyConnection, quarantine: Pinned) -> pa.Table:
    connection.execute(f"create or replace temp view put_aside as from {quarantine.scan()}")
    return connection.sql(
        "select bucket, log_offset, reason, value from fit where reason is not null"
        " and not exists (select 1 from put_aside where put_aside.bucket = fit.bucket and put_aside.log_offset = fit.log_offset)"
    ).to_arrow_table()

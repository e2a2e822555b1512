"""Silver events become histories: each version of each entity with the time in which it held, so that any past state can be asked for."""

from pathlib import Path

import duckdb
import orjson
import pyarrow as pa

from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import NOUNS, Noun
from focusflow.lake import Lake, TableSpec, position_key, quoted
from pipelines.silver import EVENTS, since

QUERY = Path(__file__).with_name("tables") / "silver" / "history" / "query.sql"

#: Nouns that have a state to look back on; the others happen once and are read from silver/events.
KEPT = tuple(noun for noun in NOUNS if noun.name not in ("activity", "generation", "report_delivery"))

ARROW_TYPES = {
    "VARCHAR": pa.string(), "VARCHAR[]": pa.list_(pa.string()), "BIGINT": pa.int64(), "BIGINT[]": pa.list_(pa.int64()),
    "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "TIMESTAMPTZ": pa.timestamp("us", "UTC"), "TIME": pa.string(),
}  # fmt: skip


def entity_column(noun: Noun) -> str:
    return "account_id" if noun.name == "user" else f"{noun.name}_id"  # user_id is the owner's, everywhere


def spec(noun: Noun) -> TableSpec:
    """The history of a noun: the contract's fields, and when they held. The change has its own zone and day (`changed_in`,
    `changed_on`), beside those that the entity may speak of: the zone of a user, the day of a habit.
    """
    fixed = {
        "user_id": pa.string(),
        entity_column(noun): pa.string(),
        "version": pa.int64(),
        "change": pa.string(),
        "event_id": pa.string(),
        "valid_from": pa.timestamp("us", "UTC"),
        "valid_to": pa.timestamp("us", "UTC"),
        "recorded_at": pa.timestamp("us", "UTC"),
        "changed_in": pa.string(),
        "changed_on": pa.date32(),
        "log_offset": pa.int64(),
    }
    fields = {name: ARROW_TYPES[type_] for name, type_ in public_columns(noun.data).items()}
    return TableSpec(
        f"silver/{noun.name}_history", pa.schema([*(fixed | fields).items(), ("bucket", pa.int16())]), ("bucket",)
    )


def bring_up(lake: Lake, connection: duckdb.DuckDBPyConnection, noun: Noun, buckets: int) -> int:
    """Bring one noun's history up to silver's newest version. Returns how many versions came.

    The buckets that new events touch are written anew, in one commit that carries how far silver was read.
    """
    silver, history = lake.open(EVENTS), lake.open(spec(noun))
    positions = {position_key(bucket): silver.position(position_key(bucket)) for bucket in range(buckets)}
    if all(history.position(key) == position for key, position in positions.items()):
        return 0
    from_where = {bucket: history.position(position_key(bucket)) for bucket in range(buckets)}
    connection.execute(f"create or replace temp view new_events as {since(silver, from_where)}")
    counted = connection.execute(
        "select bucket, count(*) from new_events where noun = ? group by bucket", [noun.name]
    ).fetchall()
    if not counted:
        history.append(history.columns().empty_table(), positions=positions)
        return 0
    touched = f"bucket in ({', '.join(str(bucket) for bucket, _ in counted)})"
    connection.execute(f"create or replace temp view history as from {history.scan(touched)}")
    rows = connection.sql(QUERY.read_text(encoding="utf-8").format(**_fragments(noun))).to_arrow_table()
    history.replace(rows, where=touched, positions=positions)
    return sum(count for _, count in counted)


def _fragments(noun: Noun) -> dict[str, str]:
    structure = {name: "VARCHAR" if type_ == "TIME" else type_ for name, type_ in public_columns(noun.data).items()}
    return {
        "noun": quoted(noun.name),
        "entity": entity_column(noun),
        "structure": quoted(orjson.dumps(structure).decode()),
    }

"""`gold/productivity_daily`: computes the days that new events touch, up to everybody's today, and replaces them in one commit."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from focusflow.lake import Lake, TableSpec, position_key, show
from focusflow.metrics import METRICS, SCORE_PARTS, SCORE_VERSION, USUAL_COMPLETIONS
from pipelines.as_of import last, note
from pipelines.histories import KEPT, spec
from pipelines.meetings import lay_out
from pipelines.silver import EVENTS, since

FOLDER = Path(__file__).with_name("tables") / "gold" / "productivity_daily"

ARROW_TYPES = {"BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "VARCHAR": pa.string()}

DAILY = TableSpec(
    "gold/productivity_daily",
    pa.schema(
        [
            ("user_id", pa.string()),
            ("local_date", pa.date32()),
            *((metric.name, ARROW_TYPES[metric.type]) for metric in METRICS),
            ("month", pa.string()),
            ("bucket", pa.int16()),
        ]
    ),
    ("month", "bucket"),
)


@dataclass(frozen=True, slots=True)
class Computed:
    """How much was computed, and where it went."""

    people: int = 0
    rows: int = 0
    partitions: int = 0


def compute(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    buckets: int,
    as_of: datetime,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
) -> Computed:
    """Bring the daily table up to silver's newest version and to today. `from_day` has everybody's days from there on computed anew,
    up to `to_day` where nothing else is to be done.
    """
    silver, daily = lake.open(EVENTS), lake.open(DAILY)
    positions = {position_key(bucket): silver.position(position_key(bucket)) for bucket in range(buckets)}
    done = {bucket: daily.position(position_key(bucket)) for bucket in range(buckets)}
    histories = [lake.open(spec(noun)) for noun in KEPT]
    show(connection, [silver, daily, *histories])
    connection.execute(f"create or replace temp view new_events as {since(silver, done)}")
    connection.execute(f"create or replace temp view recent as from {daily.scan(_recent_months(as_of))}")
    connection.execute(
        "create or replace temp table people as " + _sql("touched"),
        {"as_of": as_of, "last_as_of": last(daily), "from_day": from_day, "to_day": to_day},
    )
    found = connection.execute("select count(*), list(distinct bucket order by bucket) from people").fetchall()
    (people, touched_buckets) = found[0]
    if not people:
        if any(daily.position(key) < position for key, position in positions.items()):
            daily.append(daily.columns().empty_table(), positions=positions, notes=note(as_of))
        return Computed()
    _set_constants(connection)
    show(
        connection,
        [silver, daily, *histories],
        {each.name: _in(touched_buckets) for each in (silver, daily, *histories)},
    )
    first, until = connection.execute(
        "select (min(from_day) - 2)::timestamptz, (max(to_day) + 2)::timestamptz from people"
    ).fetchall()[0]
    lay_out(connection, first, until)
    connection.execute("create or replace temp table outcomes as " + _sql("outcomes"), {"as_of": as_of})
    connection.execute(EARLIER)
    connection.execute("create or replace temp table fresh_days as " + _sql("query"))
    partitions = connection.execute("select distinct month, bucket from fresh_days order by all").fetchall()
    rows = connection.sql(WITH_NEIGHBOURS).to_arrow_table()
    where = " or ".join(f"(month = '{month}' and bucket = {bucket})" for month, bucket in partitions)
    daily.replace(rows, where=where, positions=positions, notes=note(as_of))
    return Computed(people, connection.execute("select count(*) from fresh_days").fetchall()[0][0], len(partitions))


#: What the baselines look back on.
EARLIER = """
    create or replace temp table earlier as
    select daily.* from gold.productivity_daily as daily join people using (user_id)
    where local_date < from_day and local_date >= from_day - 90"""

#: The fresh days, and beside them the other rows of their partitions, which stay as they are.
WITH_NEIGHBOURS = """
    select * from fresh_days
    union all by name
    select daily.* from gold.productivity_daily as daily
    semi join (select distinct month, bucket from fresh_days) as written using (month, bucket)
    anti join people on people.user_id = daily.user_id and daily.local_date between people.from_day and people.to_day
    order by month, bucket, user_id, local_date"""


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _in(buckets: list[int]) -> str:
    return f"bucket in ({', '.join(map(str, buckets))})"


def _recent_months(as_of: datetime) -> str:
    """This month and the one before, whatever the zone: enough to see up to which day a person's rows go."""
    year, month = (as_of.year, as_of.month - 1) if as_of.month > 1 else (as_of.year - 1, 12)
    return f"month >= '{year}-{month:02}'"


def _set_constants(connection: duckdb.DuckDBPyConnection) -> None:
    values: dict[str, object] = {part.column: part.weight for part in SCORE_PARTS}
    values |= {f"usual_{kind}": number for kind, number in USUAL_COMPLETIONS.items()} | {"score_version": SCORE_VERSION}
    for name, value in values.items():
        connection.execute(f"set variable {name} = ?", [value])

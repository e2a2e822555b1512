"""`gold/productivity_daily`: computes the days that new events touch, up to everybody's today, and replaces them in one commit."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb

from focusflow.lake.tables import Lake, Pinned, position_key, show
from focusflow.metrics import SCORE_PARTS, SCORE_VERSION, USUAL_COMPLETIONS
from pipelines.engine import dirty_days
from pipelines.engine.as_of import last, last_said, note
from pipelines.engine.descriptions import table
from pipelines.engine.histories import KEPT, held_since, month_before, spec
from pipelines.engine.meetings import lay_out
from pipelines.engine.silver import EVENTS, since
from pipelines.engine.user_timezones import STAYS

FOLDER = Path(__file__).parents[1] / "tables" / "gold" / "productivity_daily"

#: Raise it when the same events come to other days. What another version computed is computed again by the next refresh, from the first
#: event on, in one commit: until then readers have the days as they were.
COMPUTATION = "3"

#: Whose newest versions are asked for what is on now.
CALENDAR = "silver/calendar_event_history"

DAILY = table("gold/productivity_daily").spec


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
    is_current = last_said(daily, "computation") == COMPUTATION
    done = {bucket: daily.position(position_key(bucket)) if is_current else 0 for bucket in range(buckets)}
    histories = [lake.open(spec(noun)) for noun in KEPT]
    connection.execute(f"create or replace temp view new_events as {since(silver, done)}")
    (oldest,) = connection.execute("select min(local_date) from new_events").fetchall()[0]
    today = as_of.date()
    first_days = {each.name: min(oldest or today, today) if each.name == CALENDAR else oldest for each in histories}
    show(connection, histories, {each.name: held_since(each, first_days[each.name]) for each in histories})
    connection.execute(f"create or replace temp view recent as from {daily.scan(_recent_months(as_of))}")
    _look_up_newcomers(connection, silver)
    connection.execute("create or replace temp table first_facts as " + statement("facts"))
    connection.execute("create or replace temp table touched_days as " + statement("days"), {"from_day": from_day})
    _look_up_first_rows(connection, daily)
    connection.execute(
        "create or replace temp table people as " + statement("touched"),
        {
            "as_of": as_of,
            "last_as_of": last(daily),
            "from_day": from_day,
            "to_day": to_day,
            "days_before_registration": dirty_days.DAYS_BEFORE_REGISTRATION,
        },
    )
    dirty = dict(connection.execute(FIRST_DAYS).fetchall())
    metadata = note(as_of) | dirty_days.note(dirty) | {"computation": COMPUTATION}
    found = connection.execute("select count(*), list(distinct bucket order by bucket) from people").fetchall()
    (people, touched_buckets) = found[0]
    if not people:
        if any(daily.position(key) < position for key, position in positions.items()):
            daily.append(daily.columns().empty_table(), positions=positions, metadata=metadata)
        return Computed()
    first, until = connection.execute("select min(from_day) - 2, max(to_day) + 2 from people").fetchall()[0]
    mine = f"bucket in ({', '.join(map(str, touched_buckets))}) and "
    narrowed = {each.name: mine + held_since(each, first) for each in histories}
    narrowed[silver.name] = f"{mine}month >= '{month_before(first)}'"
    narrowed[daily.name] = f"{mine}month >= '{month_before(first, LOOKED_BACK)}'"
    show(connection, [silver, daily, *histories], narrowed)
    work_out(connection, as_of, first, until)
    connection.execute(PARTITIONS)
    partitions = connection.execute("from partitions order by all").fetchall()
    rows = connection.sql(WITH_NEIGHBOURS).to_arrow_table()
    where = " or ".join(f"(month = '{month}' and bucket = {bucket})" for month, bucket in partitions)
    daily.replace(rows, where=where, positions=positions, metadata=metadata)
    return Computed(people, connection.execute("select count(*) from fresh_days").fetchall()[0][0], len(partitions))


def work_out(connection: duckdb.DuckDBPyConnection, as_of: datetime, first: date, until: date) -> None:
    """Make `fresh_days` of the days that `people` names, from what can be seen of silver and of earlier days."""
    _set_constants(connection)
    connection.execute(STAYS)
    lay_out(connection, *(datetime.combine(day, time(), UTC) for day in (first, until)))
    connection.execute("create or replace temp table outcomes as " + statement("outcomes"), {"as_of": as_of})
    connection.execute(EARLIER)
    connection.execute("create or replace temp table fresh_days as " + statement("query"))


#: Where each bucket's tables have to be made anew from.
FIRST_DAYS = """
    select bucket, min(local_date)
    from (
        select bucket, local_date from touched_days
        where user_id in (select user_id from people) or user_id in (select user_id from new_events)
        union all
        select bucket, from_day from people
    )
    group by bucket"""

#: So many days the baselines look back.
LOOKED_BACK = 90
EARLIER = """
    create or replace temp table earlier as
    select daily.* from gold.productivity_daily as daily join people using (user_id)
    where local_date < from_day and local_date >= from_day - 90"""

#: What is replaced: the partitions of the fresh days, and those with days that have not begun.
PARTITIONS = """
    create or replace temp table partitions as
    select month, bucket from fresh_days
    union
    select recent.month, recent.bucket from recent join people using (user_id) where local_date > today"""

#: The fresh days, and beside them the other rows of their partitions. These stay as they are, but for days that have not begun.
WITH_NEIGHBOURS = """
    select * from fresh_days
    union all by name
    select daily.* from gold.productivity_daily as daily
    semi join partitions using (month, bucket)
    anti join people
        on people.user_id = daily.user_id
        and (daily.local_date between people.from_day and people.to_day or daily.local_date > people.today)
    order by month, bucket, user_id, local_date"""


def _look_up_newcomers(connection: duckdb.DuckDBPyConnection, silver: Pinned) -> None:
    """What there is of those who have just registered. Ids grow with time, so most files are seen not to hold any of it."""
    low, high = connection.execute(
        "select min(user_id), max(user_id) from new_events where type = 'user.registered'"
    ).fetchall()[0]
    near = silver.scan(f"user_id >= '{low}' and user_id <= '{high}'")
    connection.execute(
        f"create or replace temp view of_newcomers as from {near} as events"
        " semi join (from new_events where type = 'user.registered') as newcomers using (user_id)"
    )


#: Users of whom something from before the registration is to be computed, or everything: it matters how far back their rows go.
OF_BEFORE = """
    create or replace temp table of_before as
    select user_id, users.bucket, min(changed_on) as registered_on
    from silver.user_history as users left join (select user_id, min(local_date) as first_day from touched_days group by user_id) using (user_id)
    where user_id not in (select user_id from new_events where type = 'user.registered')
    group by user_id, users.bucket
    having user_id not in (select user_id from recent) or min(first_day) < min(changed_on)"""


def _look_up_first_rows(connection: duckdb.DuckDBPyConnection, daily: Pinned) -> None:
    """On which day the rows of such users begin: only files of up to the month of their registration are read."""
    connection.execute(OF_BEFORE)
    last, buckets = connection.execute("select max(registered_on), list(distinct bucket) from of_before").fetchall()[0]
    where = f"bucket in ({', '.join(map(str, buckets))}) and month <= '{last:%Y-%m}'" if last else "bucket < 0"
    connection.execute(
        f"create or replace temp table first_rows as from {daily.scan(where)} semi join of_before using (user_id)"
        " select user_id, min(local_date) as first_day group by user_id"
    )


def statement(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _recent_months(as_of: datetime) -> str:
    """This month and the one before, whatever the zone: enough to see up to which day a person's rows go."""
    year, month = (as_of.year, as_of.month - 1) if as_of.month > 1 else (as_of.year - 1, 12)
    return f"month >= '{year}-{month:02}'"


def _set_constants(connection: duckdb.DuckDBPyConnection) -> None:
    values: dict[str, object] = {part.column: part.weight for part in SCORE_PARTS}
    values |= {f"usual_{kind}": number for kind, number in USUAL_COMPLETIONS.items()} | {"score_version": SCORE_VERSION}
    for name, value in values.items():
        connection.execute(f"set variable {name} = ?", [value])

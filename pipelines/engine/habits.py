"""How each habit holds: by the rules that the API goes by, for SQL cannot follow a streak across free days."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import duckdb
import pyarrow as pa

from focusflow.streaks import Days, streak

HELD = pa.schema(
    [
        ("user_id", pa.string()),
        ("habit_id", pa.string()),
        ("current", pa.int64()),
        ("longest", pa.int64()),
        ("total", pa.int64()),
        ("last_done_on", pa.date32()),
        ("unit", pa.string()),
        ("rate_30_days", pa.float64()),
        ("ended_on", pa.date32()),
        ("ended_length", pa.int64()),
        ("ended_because", pa.string()),
        ("strength", pa.float64()),
    ]
)

#: Each habit as it was said last, with its days. An archived one is told up to the day on which it was put away.
HABITS = """
    with logs as (
        select user_id, habit_id, local_date, skipped from silver.habit_log_history semi join people using (user_id)
        where valid_to is null and change = 'habit.logged'
        qualify row_number() over (partition by user_id, habit_id, local_date order by log_offset desc) = 1
    ), days as (
        select user_id, habit_id, list(local_date) filter (where not skipped) as done, list(local_date) filter (where skipped) as skipped
        from logs group by user_id, habit_id
    ), off as (
        select user_id, list(day::date) as off
        from (select user_id, unnest(generate_series(first_date, last_date, interval 1 day)) as day
              from silver.day_off_history semi join people using (user_id) where valid_to is null and change <> 'dayoff.deleted')
        group by user_id
    )
    select user_id, habit_id, frequency, coalesce(weekdays, []) as weekdays, coalesce(times_per_week, 1) as times_per_week, start_date, end_date,
           week_start, coalesce(timezone(changed_in, archived_at)::date, today) as until,
           coalesce(done, []) as done, coalesce(skipped, []) as skipped, coalesce(off, []) as off
    from silver.habit_history join people using (user_id) left join days using (user_id, habit_id) left join off using (user_id)
    where valid_to is null and (frequency <> 'weekdays' or len(weekdays) > 0)"""


def lay_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `held`: a row a habit."""
    habits = connection.sql(HABITS).to_arrow_table().to_pylist()
    put(connection, "held", HELD, map(_held, habits))


def put(connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as a temporary table."""
    connection.register("rows_to_put", pa.Table.from_pylist(list(rows), schema=schema))
    connection.execute(f"create or replace temp table {name} as from rows_to_put")
    connection.unregister("rows_to_put")


def _held(habit: Mapping[str, Any]) -> dict[str, Any]:
    days = Days(set(habit["done"]), {*habit["skipped"], *habit["off"]})
    held = streak(habit, days, habit["until"], habit["week_start"])
    return {"user_id": habit["user_id"], "habit_id": habit["habit_id"], **asdict(held)}

"""When busy appointments take place: those that recur each time, for SQL knows no recurrence rules."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from focusflow.lake.tables import duckdb_type
from focusflow.recurrence import BadRecurrence, occurrences

SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("bucket", pa.int16()),
        ("calendar_event_id", pa.string()),
        ("start_at", pa.timestamp("us", "UTC")),
        ("end_at", pa.timestamp("us", "UTC")),
    ]
)

#: What was said last of an appointment counts, for all its times. Whole days take no time, and nothing is on for longer than a month.
BUSY = """
    create or replace temp view busy as
    select user_id, bucket, calendar_event_id, start_at, end_at, rrule, changed_in
    from silver.calendar_event_history semi join people using (user_id)
    where valid_to is null and change <> 'calendar.deleted' and busy and not all_day and end_at > start_at and end_at - start_at <= interval 31 days"""

#: More than any rule of days brings in a lifetime.
AT_MOST = 40_000


def lay_out(connection: duckdb.DuckDBPyConnection, since: datetime | None, until: datetime) -> None:
    """Make `meetings`: every time a busy appointment of `people` takes place. Of those that recur, the times from `since` up to `until`."""
    connection.execute(BUSY)
    recurring = connection.sql("from busy where rrule is not null").to_arrow_table().to_pylist()
    times = [time for each in recurring for time in _times(each, since or each["start_at"], until)]
    columns = ", ".join(f"{field.name} {duckdb_type(field.type)}" for field in SCHEMA)
    connection.execute(f"create or replace temp table meetings ({columns})")
    connection.register("recurring_times", pa.Table.from_pylist(times, schema=SCHEMA))
    connection.execute("insert into meetings from recurring_times")
    connection.unregister("recurring_times")
    connection.execute("insert into meetings from busy select * exclude (rrule, changed_in) where rrule is null")


def _times(event: Mapping[str, Any], since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """In the zone in which the rule was made, so that moving house later rewrites no past."""
    span = event["start_at"], event["end_at"]
    same = {name: event[name] for name in ("user_id", "bucket", "calendar_event_id")}
    try:
        found = list(occurrences(event["rrule"], span, event["changed_in"], since=since, until=until, limit=AT_MOST))
    except BadRecurrence:  # written by another producer, or before rules were checked: it takes place once
        found = [span]
    yield from ({**same, "start_at": start, "end_at": end} for start, end in found)

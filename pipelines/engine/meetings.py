"""When busy appointments take place: those that recur each time, for SQL knows no recurrence rules."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb
import pyarrow as pa

from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.lake.tables import duckdb_type, quoted
from focusflow.recurrence import occurrences
from focusflow.rule_days import Steps, TooManySteps

log = logging.getLogger(__name__)

SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("bucket", pa.int16()),
        ("calendar_event_id", pa.string()),
        ("start_at", pa.timestamp("us", "UTC")),
        ("end_at", pa.timestamp("us", "UTC")),
    ]
)

#: What was said last of an appointment counts, for all its times. Accepted plans are no meetings, whole days take no time, and nothing is on for longer than a month.
BUSY = """
    create or replace temp view busy as
    select user_id, bucket, calendar_event_id, start_at, end_at, rrule, changed_in
    from silver.calendar_event_history semi join people using (user_id)
    where valid_to is null and change <> 'calendar.deleted' and busy and not all_day and calendar_id is distinct from {plans}
        and end_at > start_at and end_at - start_at <= interval 31 days"""

#: Those of a user together, the oldest first: ids grow with time.
RECURRING = "from busy where rrule is not null order by user_id, calendar_event_id"

#: What all rules of a user may cost in one refresh, in years looked at and times found: fifty daily meetings for ten years. One user
#: who has more must not hold up the others.
STEPS_AT_MOST = 200_000


def lay_out(connection: duckdb.DuckDBPyConnection, since: datetime | None, until: datetime) -> None:
    """Make `meetings`: every time a busy appointment of `people` takes place. Of those that recur, the times from `since` up to `until`."""
    connection.execute(BUSY.format(plans=quoted(PLAN_CALENDAR)))
    recurring = connection.sql(RECURRING).to_arrow_table().to_pylist()
    times: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for _, series in groupby(recurring, key=itemgetter("user_id")):
        _add_times(times, series, since, until)
    columns = ", ".join(f"{field.name} {duckdb_type(field.type)}" for field in SCHEMA)
    connection.execute(f"create or replace temp table meetings ({columns})")
    connection.register("recurring_times", pa.table(times, schema=SCHEMA))
    connection.execute("insert into meetings from recurring_times")
    connection.unregister("recurring_times")
    connection.execute("insert into meetings from busy select * exclude (rrule, changed_in) where rrule is null")


def _add_times(
    times: Mapping[str, list[Any]], series: Iterable[Mapping[str, Any]], since: datetime | None, until: datetime
) -> None:
    """Of the appointments of a user, in the zone in which each rule was made, so that moving house later rewrites no past."""
    steps, left_out = Steps(STEPS_AT_MOST), 0
    for event in series:
        span, begin = (event["start_at"], event["end_at"]), since or event["start_at"]
        try:
            found = list(occurrences(event["rrule"], span, event["changed_in"], since=begin, until=until, steps=steps))
        except TooManySteps:
            found, left_out = [span], left_out + 1
        for name in ("user_id", "bucket", "calendar_event_id"):
            times[name].extend([event[name]] * len(found))
        times["start_at"].extend(start for start, _ in found)
        times["end_at"].extend(end for _, end in found)
    if left_out:
        log.warning("a user has more recurring appointments than can be followed: %d of them count once", left_out)

"""When busy appointments take place: those that recur each time, for SQL knows no recurrence rules."""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.database.queries import load_queries
from focusflow.lake.session import Inputs, Session
from focusflow.rule_days import Steps, TooManySteps
from focusflow.series import Series
from pipelines.engine.window import Window

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

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

#: How far ahead the table looks.
LOOKAHEAD = timedelta(weeks=5)

#: What all rules of a user may cost in one refresh, in years looked at and times found: fifty daily meetings for ten years. One user
#: who has more must not hold up the others.
STEPS_AT_MOST = 200_000


def meetings(session: Session, inputs: Inputs, window: Window) -> pa.Table:
    """The meetings of the window, and of five weeks after it."""
    return meetings_between(session, inputs, _start_of_all(window.from_day), window.as_of + LOOKAHEAD)


def meetings_between(session: Session, inputs: Inputs, since: datetime | None, until: datetime) -> pa.Table:
    """Every time a busy appointment of `users` takes place. Of those that recur, the times from `since` up to `until`."""
    busy = session.run(QUERIES["busy"], inputs, {"plans": PLAN_CALENDAR})
    is_recurring = busy["is_recurring"]
    times: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for _, series in groupby(busy.filter(is_recurring).to_pylist(), key=itemgetter("user_id")):
        _add_times(times, series, since, until)
    single = busy.filter(pc.invert(is_recurring)).select(SCHEMA.names).cast(SCHEMA)
    return pa.concat_tables([pa.table(times, schema=SCHEMA), single])


def _start_of_all(day: date) -> datetime | None:
    """When a day begins in the first of all zones; nothing for the first of all days."""
    return datetime.combine(day, time(), UTC) - timedelta(days=1) if day > date.min else None


def _add_times(
    times: Mapping[str, list[Any]], series: Iterable[Mapping[str, Any]], since: datetime | None, until: datetime
) -> None:
    """Of the appointments of a user, in the zone in which each rule was made, so that moving house later rewrites no past."""
    steps, left_out = Steps(STEPS_AT_MOST), 0
    for event in series:
        span, begin = (event["start_at"], event["end_at"]), since or event["start_at"]
        try:
            found = list(Series.of(event).occurrences(span, event["changed_in"], since=begin, until=until, steps=steps))
        except TooManySteps:
            found, left_out = [span], left_out + 1
        for name in ("user_id", "bucket", "calendar_event_id"):
            times[name].extend([event[name]] * len(found))
        times["start_at"].extend(start for start, _ in found)
        times["end_at"].extend(end for _, end in found)
    if left_out:
        log.warning("a user has more recurring appointments than can be followed: %d of them count once", left_out)

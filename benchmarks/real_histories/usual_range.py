"""How often a week of real users falls into their usual range: the range as the pipeline makes it, from the weeks before alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from uuid import UUID

import duckdb

from focusflow.contracts.envelope import Event
from pipelines.engine.table_inputs import MACROS

WEEK = timedelta(weeks=1)

COVERAGE = """
    with earlier as (
        select *, list(completed) over (partition by person order by number rows between 26 preceding and 1 preceding) as earlier from weeks
    ), judged as (
        select trend(completed, fewest(usual_low(earlier), usual_high(earlier)), most(usual_low(earlier), usual_high(earlier)), true) as word
        from earlier where len(earlier) >= 6 and list_sum(earlier) > 0
    )
    select count(*) as weeks, avg((word = 'usual')::integer) as inside, avg((word = 'higher')::integer) as higher,
           avg((word = 'lower')::integer) as lower
    from judged"""


def coverage(events: Iterable[Event]) -> dict[str, float]:
    """Of all weeks that have six or more before them, with anything in those: the shares inside, above and below."""
    connection = duckdb.connect()
    connection.execute(MACROS)
    connection.execute("create table weeks (person uuid, number integer, completed double)")
    connection.executemany("insert into weeks values (?, ?, ?)", list(_weeks(events)))
    return connection.sql(COVERAGE).to_arrow_table().to_pylist()[0]  # type: ignore[no-any-return]


def _weeks(events: Iterable[Event]) -> Iterator[tuple[UUID, int, int]]:
    """Completions of each whole week between somebody's first event and their last."""
    done: dict[UUID, Counter[date]] = {}
    bounds: dict[UUID, tuple[date, date]] = {}
    for event in events:
        monday = event.localdate - timedelta(days=event.localdate.weekday())
        first, last = bounds.get(event.userid, (monday, monday))
        bounds[event.userid] = min(first, monday), max(last, monday)
        done.setdefault(event.userid, Counter())[monday] += event.type == "task.completed"
    for person, (first, last) in bounds.items():
        for number in range(1, (last - first) // WEEK):
            yield person, number, done[person][first + number * WEEK]

"""`gold/productivity_daily`: computes the days that new events touch, up to all users' today, and replaces them in one commit."""

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from focusflow.lake.session import Relation, Scan, Session, scans
from focusflow.lake.tables import Lake, Pinned, position_key
from focusflow.metrics import SCORE_PARTS, SCORE_VERSION, USUAL_COMPLETIONS
from pipelines.engine import changed_users, deferrals, dirty_days, user_rows
from pipelines.engine.as_of import as_of_metadata, last, newest_metadata
from pipelines.engine.descriptions import table
from pipelines.engine.histories import KEPT, USERS, held_since, month_before, spec
from pipelines.engine.silver import EVENTS, since
from pipelines.engine.table_inputs import MACROS
from pipelines.tables.gold.productivity_daily.inputs import LOOKBACK_DAYS, QUERIES, changes, computed_days

#: Raise it when the same events come to other days. What another version computed is computed again by the next refresh, from the first
#: event on, in one commit: until then readers have the days as they were.
COMPUTATION = "3"

#: Whose newest versions are asked for what is on now.
CALENDAR = "silver/calendar_event_history"

#: What is due or goes on counts without any event.
CHANGE_BY_TIME = (CALENDAR, "silver/task_history")

DAILY = table("gold/productivity_daily").spec

#: The weights and constants of the score.
CONSTANTS: dict[str, object] = {
    **{part.column: part.weight for part in SCORE_PARTS},
    **{f"usual_{kind}": number for kind, number in USUAL_COMPLETIONS.items()},
    "score_version": SCORE_VERSION,
}


@dataclass(frozen=True, slots=True)
class Computed:
    """How many users and rows were computed, and how many partitions were replaced."""

    users: int = 0
    rows: int = 0
    partitions: int = 0


def compute(
    lake: Lake,
    session: Session,
    buckets: int,
    as_of: datetime,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
    is_live: bool = False,
) -> Computed:
    """Bring the daily table up to silver's newest version and to today. `from_day` has all users' days from there on recomputed,
    up to `to_day` where nothing else is to be done.
    """
    session.define(MACROS)
    silver, daily = lake.open(EVENTS), lake.open(DAILY)
    positions = {position_key(bucket): silver.position(position_key(bucket)) for bucket in range(buckets)}
    is_current = newest_metadata(daily, "computation") == COMPUTATION
    done = {bucket: daily.position(position_key(bucket)) if is_current else 0 for bucket in range(buckets)}
    histories = [lake.open(spec(noun)) for noun in KEPT]
    new_events = session.small(Scan(since(silver, done)))
    (oldest,) = session.row(QUERIES["oldest_event"], {"new_events": new_events})
    parameters: dict[str, object] = {
        **CONSTANTS,
        "as_of": as_of,
        "last_as_of": last(daily),
        "from_day": from_day,
        "to_day": to_day,
        "days_before_registration": dirty_days.DAYS_BEFORE_REGISTRATION,
    }
    today = as_of.date()
    first_days = {each.name: min(oldest or today, today) if each.name == CALENDAR else oldest for each in histories}
    narrowed = {
        each.name.replace("/", "."): _spoken_of(session, each, new_events, held_since(each, first_days[each.name]))
        for each in histories
    }
    found = changes(
        session, narrowed, silver=silver, daily=daily, new_events=new_events, recent_months=_recent_months(as_of), parameters=parameters,
        deferred=deferrals.known(daily), is_live=is_live,
    )  # fmt: skip
    metadata = (
        as_of_metadata(as_of)
        | dirty_days.first_days_metadata(found.first_days)
        | found.note()
        | {"computation": COMPUTATION}
    )
    if not found:
        if any(daily.position(key) < position for key, position in positions.items()):
            daily.append(daily.columns().empty_table(), positions=positions, metadata=metadata)
        return Computed()
    mine = f"bucket in ({', '.join(map(str, found.buckets))}) and "
    where = {each.name: mine + held_since(each, found.first) for each in histories}
    where[silver.name] = f"{mine}month >= '{month_before(found.first)}'"
    where[daily.name] = f"{mine}month >= '{month_before(found.first, LOOKBACK_DAYS)}'"
    tables = scans([silver, daily, *histories], where)
    given_tables: dict[str, Relation] = {**tables}
    if found.users is not None:  # the rows of all others in these partitions are not needed for theirs
        for each in (silver, *histories):
            rows = user_rows.of_users(session, each, found.users, where[each.name])
            given_tables[each.name.replace("/", ".")] = rows
        given_tables["gold.productivity_daily"] = user_rows.few_or_scan(session, daily, where[daily.name])
    with computed_days(
        session, given_tables, found.dirty_days, first=found.first, until=found.until, parameters=parameters
    ) as computed:
        given = {
            "gold.productivity_daily": given_tables["gold.productivity_daily"],
            "computed_days": computed,
            "dirty_days": found.dirty_days,
            "recent_days": found.recent_days,
        }
        partitions = session.run(QUERIES["partitions"], given)
        rows = session.run(QUERIES["rows"], {**given, "partitions": partitions})
        (written,) = session.row("select count(*) from computed_days", given)
    replaced = " or ".join(
        f"(month = '{each['month']}' and bucket = {each['bucket']})" for each in partitions.to_pylist()
    )
    daily.replace(rows, where=replaced, positions=positions, metadata=metadata)
    return Computed(found.dirty_days.num_rows, written, partitions.num_rows)


def _spoken_of(session: Session, history: Pinned, new_events: Relation, where: str) -> Relation:
    """The versions that tell whose days have to be computed: of few events, those of their users are enough, but where time alone counts."""
    if history.name == USERS:
        return session.small(Scan.of(history, where))
    users = pc.unique(new_events["user_id"]).to_pylist() if isinstance(new_events, pa.Table) else None
    if history.name in CHANGE_BY_TIME or users is None or len(users) > changed_users.MOST:
        return user_rows.few_or_scan(session, history, where)
    return user_rows.of_users(session, history, users, where)


def _recent_months(as_of: datetime) -> str:
    """This month and the one before, whatever the zone: enough to see up to which day a user's rows go."""
    year, month = (as_of.year, as_of.month - 1) if as_of.month > 1 else (as_of.year - 1, 12)
    return f"month >= '{year}-{month:02}'"

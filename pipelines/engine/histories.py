"""Builds SCD2 histories from silver events: each version of each entity with the interval in which it was valid."""

from contextlib import ExitStack
from datetime import date
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import Noun
from focusflow.lake.session import Relation, Scan, Session
from focusflow.lake.tables import Lake, Pinned, TableSpec, position_key, quoted
from pipelines.engine import changed_users, user_rows
from pipelines.engine.descriptions import NOUNS_WITH_HISTORY, entity_column, table
from pipelines.engine.silver import EVENTS, since
from pipelines.engine.table_inputs import MACROS

FOLDER = Path(__file__).parents[1] / "tables" / "silver" / "history"

KEPT = NOUNS_WITH_HISTORY

#: What everything else is looked up in: who somebody is, and where they lived when.
USERS = "silver/user_history"

#: A noun of which nothing is said has no commit made for that, until so many files of silver would be looked at for it each time.
UNREAD_FILES = 16

#: At most so many events are updated in one commit.
AT_ONCE = 2_000_000

#: From which day on nothing more is to be expected of the newest version, by noun. It may still change; that costs an old month rewritten.
SETTLED_ON = {
    "task": """case when deleted_at is not null or status in ('completed', 'cancelled', 'archived')
                    then greatest(first_day, due_date, timezone(changed_in, due_at)::date) end""",
    "goal": "case when change = 'goal.deleted' or status in ('completed', 'cancelled') then first_day end",
    "milestone": "case when change = 'milestone.deleted' or status <> 'pending' then first_day end",
    "habit_log": "greatest(first_day, local_date)",
    "time_entry": """case when change = 'time.deleted' or ended_at is not null
                          then greatest(first_day, timezone(changed_in, ended_at)::date) end""",
    "calendar_event": """case when change = 'calendar.deleted' or rrule is null and coalesce(len(rdates), 0) = 0
                              then greatest(first_day, timezone(changed_in, end_at)::date) end""",
}


def spec(noun: Noun) -> TableSpec:
    """The history of a noun. The change has its own zone and day (`changed_in`, `changed_on`), beside those that the entity may speak of:
    the zone of a user, the day of a habit.
    """
    return table(f"silver/{noun.name}_history").spec


def month_before(day: date, days: int = 0) -> str:
    """The month that a number of days earlier was in.

    >>> month_before(date(2026, 3, 2), 8), month_before(date(1, 1, 1), 8)
    ('2026-02', '0001-01')
    """
    return date.fromordinal(max(1, day.toordinal() - days)).isoformat()[:7]


def held_since(history: Pinned, day: date | None, days: int = 0) -> str:
    """Which partitions hold what was so on a day, or so many days before it, or later, or is so still; without a day, only that.
    Of users, all.
    """
    if history.name == USERS:
        return "bucket >= 0"
    # A week earlier: habits are counted by the week, and a day begins earlier in the east.
    return f"last_month >= '{month_before(day, days + 8)}'" if day else "last_month = '9999-12'"


def load_incremental(lake: Lake, session: Session, noun: Noun, buckets: int) -> int:
    """Load new silver events into the history of one noun. Returns the number of new versions.

    The events of a day are loaded at once; a rebuild of a year goes bucket by bucket, because all of it does not fit into memory.
    """
    silver, history = lake.open(EVENTS), lake.open(spec(noun))
    behind = {
        bucket: silver.position(position_key(bucket)) - history.position(position_key(bucket))
        for bucket in range(buckets)
    }
    if not any(behind.values()):
        return 0
    if _is_unspoken_of(session, silver, history, noun, buckets):
        return 0
    at_once = (
        [list(behind)] if sum(behind.values()) <= AT_ONCE else [[bucket] for bucket, count in behind.items() if count]
    )
    session.define(MACROS)
    return sum(_load_buckets(lake, session, noun, some) for some in at_once)


def _is_unspoken_of(session: Session, silver: Pinned, history: Pinned, noun: Noun, buckets: int) -> bool:
    """Whether the few events that a history has not read are all of other nouns, of which it need not take note."""
    ends = {bucket: silver.position(position_key(bucket)) for bucket in range(buckets)}
    read = {bucket: start for bucket in ends if (start := history.position(position_key(bucket))) < ends[bucket]}
    unread = [silver.files(f"bucket = {bucket} and log_offset >= {start}") for bucket, start in read.items()]
    if sum(map(len, unread)) > UNREAD_FILES:
        return False
    return noun.name not in silver.remembered(f"nouns since {read}", lambda: _nouns(session, since(silver, read)))


def _nouns(session: Session, new_events: str) -> list[str]:
    rows = session.run("select distinct noun from new_events", {"new_events": session.small(Scan(new_events))})
    return [str(noun) for noun in rows["noun"].to_pylist()]


def _load_buckets(lake: Lake, session: Session, noun: Noun, buckets: list[int]) -> int:
    """The months in which a version of what new events speak of lies are replaced, in one commit that carries how far silver was read."""
    silver, history = lake.open(EVENTS), lake.open(spec(noun))
    positions = {position_key(bucket): silver.position(position_key(bucket)) for bucket in buckets}
    from_where = {bucket: history.position(position_key(bucket)) for bucket in buckets}
    new_events = session.small(Scan(since(silver, from_where)))
    changed = session.run(_sql("changed_entities"), {"new_events": new_events}, {"noun": noun.name})
    if not changed.num_rows:
        history.append(history.columns().empty_table(), positions=positions, metadata=changed_users.note({}))
        return 0
    fragments = _fragments(noun)
    with ExitStack() as stack:
        given: dict[str, Relation] = {"new_events": new_events, "changed_entities": changed}
        given["nearby_versions"] = _nearby_versions(session, history, changed, entity_column(noun))
        for name in ("known_versions", "versions", "intervals"):
            query = _sql(name).format(**fragments)
            given[name] = stack.enter_context(session.held(query, given))
        changed_partitions = session.run(_sql("changed_partitions").format(**fragments), given)
        given["changed_partitions"], partitions = changed_partitions, changed_partitions.to_pylist()
        if not partitions:
            history.append(history.columns().empty_table(), positions=positions, metadata=changed_users.note({}))
            return 0
        where = " or ".join(
            f"(bucket = {each['bucket']} and last_month = '{each['last_month']}')" for each in partitions
        )
        given["history"] = user_rows.few_or_scan(session, history, where)
        rows = session.run(_sql("carry_over").format(**fragments), given)
    users = dict.fromkeys(changed["user_id"].to_pylist(), date.min)
    history.replace(rows, where=where, positions=positions, metadata=changed_users.note(users))
    return int(pc.sum(changed["events"]).as_py())


def _nearby_versions(session: Session, history: Pinned, changed: pa.Table, entity: str) -> Relation:
    """What may hold versions of the changed entities. Ids grow with time, so most months' files are seen not to hold any."""
    ids = pc.min_max(changed["subject"]).as_py()
    listed = ", ".join(map(str, pc.unique(changed["bucket"]).to_pylist()))
    where = f"bucket in ({listed}) and {entity} >= '{ids['min']}' and {entity} <= '{ids['max']}'"
    return user_rows.few_or_scan(session, history, where)


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _fragments(noun: Noun) -> dict[str, str]:
    structure = {name: "VARCHAR" if type_ == "TIME" else type_ for name, type_ in public_columns(noun.data).items()}
    return {
        "noun": quoted(noun.name),
        "entity": entity_column(noun),
        "structure": quoted(orjson.dumps(structure).decode()),
        "settled_on": SETTLED_ON.get(noun.name, "null::date"),
    }

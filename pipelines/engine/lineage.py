"""Of which columns a table's columns are made, and apart from that which columns filter and join their rows, read from the SQL that makes
them; `make docs` writes both down, for reading takes seconds.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from focusflow.contracts.fields import public_columns
from focusflow.database.queries import load_queries
from focusflow.lake.tables import RAW_EVENTS, duckdb_type
from pipelines.engine import build, daily, descriptions, histories, priorities, silver, table_inputs
from pipelines.engine.column_lineage import Query, Source
from pipelines.tables.gold.habit_streaks import inputs as habit_streaks
from pipelines.tables.gold.productivity_daily import inputs as productivity_daily

WRITTEN = Path(__file__).with_suffix(".json")
CONDITIONS_WRITTEN = Path(__file__).with_name("lineage_conditions.json")

Lineage = Mapping[str, list[Source]]

#: Of each column what filters its rows, and what joins them.
Conditions = Mapping[str, Mapping[str, list[Source]]]

SPECS = {
    each.full_name: each.spec
    for each in descriptions.TABLES
    if each.layer == "silver" or each.is_published or each.full_name == priorities.SCORES.name
}

#: What statements read beside the lake's tables, as what it is made of.
QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
BESIDE = {
    "users": table_inputs.USERS,
    "user_timezones": table_inputs.USER_TIMEZONES,
    "days_off": table_inputs.DAYS_OFF,
    "dirty_months": QUERIES["dirty_months"],
    "meetings": QUERIES["meetings"],
    "habit_streaks": QUERIES["habit_streaks"].format(
        columns=", ".join(f"made_of as {name}" for name in habit_streaks.SCHEMA.names[2:])
    ),
    "bootstrap_intervals": QUERIES["bootstrap_intervals"],
    "achievement_rules": QUERIES["achievement_rules"],
}

#: The same of the daily table, whose queries follow each other.
OF_DAYS = {
    "meetings": QUERIES["meetings"],
    "dirty_days": QUERIES["dirty_days"],
    "users": QUERIES["dirty_days"],  # whose days off are read
    "user_timezones": table_inputs.USER_TIMEZONES,
    "days": productivity_daily.query("days"),
    "days_off": table_inputs.DAYS_OFF,
    "task_counts": productivity_daily.query("tasks"),
    "goal_counts": productivity_daily.query("goals"),
    "habit_counts": productivity_daily.query("habits"),
    "time_counts": productivity_daily.query("time"),
    "outcomes": productivity_daily.query("outcomes"),
    "earlier_days": productivity_daily.QUERIES["earlier_days"],
}


@cache
def known() -> Mapping[str, Mapping[str, list[list[str]]]]:
    """Each table, as it was written down."""
    loaded: dict[str, dict[str, list[list[str]]]] = json.loads(WRITTEN.read_text(encoding="utf-8"))
    return loaded


@cache
def conditions() -> Mapping[str, Mapping[str, Mapping[str, list[list[str]]]]]:
    """What filters and joins the rows of each column of each table, as it was written down."""
    loaded: dict[str, dict[str, dict[str, list[list[str]]]]] = json.loads(
        CONDITIONS_WRITTEN.read_text(encoding="utf-8")
    )
    return loaded


def written() -> str:
    """What is written down: a line a column."""
    return _lines({name: lineage_of(name) for name in SPECS})


def conditions_written() -> str:
    """The same of what filters and joins; tables without anything of it are left out."""
    return _lines({name: found for name in SPECS if (found := conditions_of(name))})


def _lines(tables: Mapping[str, Mapping[str, object]]) -> str:
    lines = [
        f"{json.dumps(name)}: {{\n" + ",\n".join(f"  {json.dumps(column)}: {json.dumps(made)}" for column, made in columns.items()) + "\n}"
        for name, columns in tables.items()
    ]  # fmt: skip
    return "{\n" + ",\n".join(lines) + "\n}\n"


def lineage_of(table: str) -> Lineage:
    """Each column, with what it is made of; without anything where rows are counted."""
    if table == silver.EVENTS.name:
        return {
            name: [(RAW_EVENTS.name, name if name in ("bucket", "log_offset") else "value")]
            for name in silver.EVENTS.schema.names
        }
    for noun in histories.KEPT:
        if table == histories.spec(noun).name:
            return _of_history(public_columns(noun.data), histories.spec(noun).schema.names)
    query, columns = _query(table)
    return {name: sorted(query.column(name).values) for name in columns}


def conditions_of(table: str) -> Conditions:
    """Of each column with any, the columns that filter its rows and those that join them."""
    if table == silver.EVENTS.name or table in (histories.spec(noun).name for noun in histories.KEPT):
        return {}
    query, columns = _query(table)
    found = {name: query.column(name) for name in columns}
    return {
        name: {"filters": sorted(origin.filters), "joins": sorted(origin.joins)}
        for name, origin in found.items()
        if origin.filters or origin.joins
    }


@cache
def _query(table: str) -> tuple[Query, list[str]]:
    """The query that makes a table, and the columns that are its own."""
    if table == daily.DAILY.name:
        return _parsed(productivity_daily.query("query"), OF_DAYS), daily.DAILY.schema.names
    if table == priorities.SCORES.name:
        return _parsed(QUERIES["scores"], {}), priorities.SCORES.schema.names
    (found,) = (each for each in build.TABLES if each.spec.name == table)
    return _parsed(found.query, BESIDE), [column.name for column in found.own_columns]


def _parsed(query: str, beside: Mapping[str, str]) -> Query:
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, spec in SPECS.items():
        layer, _, table = name.partition("/")
        schema.setdefault(layer, {})[table] = {each.name: duckdb_type(each.type) for each in spec.schema}
    return Query.parse(query, schema, beside)


def _of_history(fields: Iterable[str], columns: Iterable[str]) -> Lineage:
    """A version is an event; what its entity was stands in the event's data."""
    of_event = {
        "version": "entity_version", "change": "type", "valid_from": "occurred_at", "valid_to": "occurred_at", "changed_in": "timezone",
        "changed_on": "local_date", "last_month": "local_date",
    }  # fmt: skip
    taken = set(silver.EVENTS.schema.names)
    return {
        name: [
            (silver.EVENTS.name, "data" if name in fields else of_event.get(name, name if name in taken else "subject"))
        ]
        for name in columns
    }

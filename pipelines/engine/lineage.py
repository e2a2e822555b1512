"""Of which columns a table's columns are made, read from the SQL that makes them; `make docs` writes it down, for reading takes seconds."""

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from focusflow.contracts.fields import public_columns
from focusflow.database.queries import load_queries
from focusflow.lake.tables import RAW_EVENTS, duckdb_type
from pipelines.engine import build, daily, descriptions, habits, histories, silver
from pipelines.engine.user_timezones import STAYS

WRITTEN = Path(__file__).with_suffix(".json")

#: A column, by its table's name and its own.
Source = tuple[str, str]
Lineage = Mapping[str, list[Source]]

SPECS = {each.full_name: each.spec for each in descriptions.TABLES if each.layer == "silver" or each.is_published}

#: What statements read beside the lake's tables, as what it is made of.
QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
BESIDE = {
    "people": build.PEOPLE.partition(" as\n")[2],
    "users": build.PEOPLE.partition(" as\n")[2],
    "user_timezones": STAYS.partition(" as\n")[2],
    "stays": STAYS.partition(" as\n")[2],
    "meetings": QUERIES["meetings"],
    "held": QUERIES["held"].format(columns=", ".join(f"made_of as {name}" for name in habits.HELD.names[2:])),
    "resampled": QUERIES["resampled"],
    "wanted": QUERIES["wanted"],
}

#: The same of the daily table, whose statements follow each other.
OF_DAYS = {
    "meetings": QUERIES["meetings"],
    "people": QUERIES["people_of_days"],
    "stays": STAYS.partition(" as\n")[2],
    "outcomes": daily.statement("outcomes"),
    "earlier": daily.EARLIER.partition(" as\n")[2],
}


@cache
def known() -> Mapping[str, Mapping[str, list[list[str]]]]:
    """Each table, as it was written down."""
    loaded: dict[str, dict[str, list[list[str]]]] = json.loads(WRITTEN.read_text(encoding="utf-8"))
    return loaded


def written() -> str:
    """What is written down: a line a column."""
    tables = [
        f"{json.dumps(name)}: {{\n" + ",\n".join(f"  {json.dumps(column)}: {json.dumps(made)}" for column, made in lineage_of(name).items()) + "\n}"
        for name in SPECS
    ]  # fmt: skip
    return "{\n" + ",\n".join(tables) + "\n}\n"


def lineage_of(table: str) -> Lineage:
    """Each column, with what it is made of; without anything where rows are counted."""
    if table == silver.EVENTS.name:
        return {
            name: [(RAW_EVENTS.name, name if name in ("bucket", "log_offset") else "value")]
            for name in silver.EVENTS.schema.names
        }
    if table == daily.DAILY.name:
        return _read(daily.statement("query"), daily.DAILY.schema.names, OF_DAYS)
    for noun in histories.KEPT:
        if table == histories.spec(noun).name:
            return _of_history(public_columns(noun.data), histories.spec(noun).schema.names)
    (found,) = (each for each in build.TABLES if each.spec.name == table)
    return _read(found.query, [column.name for column in found.own_columns], BESIDE)


def _read(query: str, columns: list[str], beside: Mapping[str, str]) -> Lineage:
    import sqlglot
    from sqlglot.lineage import lineage

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it passes over one select that stands for a value

    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, spec in SPECS.items():
        layer, _, table = name.partition("/")
        schema.setdefault(layer, {})[table] = {each.name: duckdb_type(each.type) for each in spec.schema}
    found = lineage(None, query, schema, sources=beside, dialect="duckdb")
    leaves = {name: [each for each in node.walk() if not each.downstream] for name, node in found.items()}
    return {
        name: sorted({
            (f"{each.source.db}/{each.source.name}", each.name.rpartition(".")[2])
            for each in leaves.get(name, []) if isinstance(each.source, sqlglot.exp.Table) and each.source.db
        })
        for name in columns
    }  # fmt: skip


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

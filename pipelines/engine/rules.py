"""The rules of a table, made from what its folder declares. Each says which rows break it, so that it is known whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isinf
from typing import Any

from focusflow.database.queries import load_queries
from focusflow.lake.tables import identifier, quoted
from pipelines.engine.descriptions import Table, table


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of a table: how many rows break it, as an expression over the table, and which, as a query. Whose they are is known where
    the query tells their `user_id`.
    """

    name: str
    description: str
    count: str
    rows: str


@cache
def rules_of(name: str) -> Mapping[str, Rule]:
    """The rules of a table by their names: of its grain, its columns and its rows, as its folder declares them, then those that its `checks.sql`
    compares with other tables.
    """
    described = table(name)
    if not described.is_checked:
        return {}
    found = [_unique(described, "duplicate_rows", described.grain)]
    found += [
        _column_rule(described, column.name, test, value)
        for column in described.columns
        for test, value in column.tests.items()
    ]
    found += [
        _row_rule(described, rule, condition, f"Rows with {condition}.")
        for rule, condition in described.row_rules.items()
    ]
    file = described.checks_file
    for rule, query in load_queries(file).items() if file.exists() else ():
        found.append(_query_rule(rule, query, f"Rows on which {described.sql_name} and what it is made from differ."))
    return {rule.name: rule for rule in found}


def _column_rule(of: Table, column: str, test: str, value: Any) -> Rule:
    name = identifier(column)
    match test:
        case "not_null":
            return _row_rule(of, f"{column}_missing", f"{name} is null", f"Rows without {column}.")
        case "unique":
            return _unique(of, f"duplicate_{column}", [column])
        case "accepted_values":
            condition = f"{name} not in ({', '.join(map(quoted, value))})"
            return _row_rule(
                of, f"{column}_not_accepted", condition, f"Rows whose {column} is none of {', '.join(value)}."
            )
        case "range":
            low, high = (f"'{bound}'::double" if isinf(bound) else str(bound) for bound in value)
            condition = f"{name} not between {low} and {high}"
            return _row_rule(
                of, f"{column}_out_of_range", condition, f"Rows whose {column} is not within {value[0]} to {value[1]}."
            )
        case "references":
            other, _, key = str(value).rpartition(".")
            query = f"from {of.sql_name} where {name} not in (from {other} select {identifier(key)})"
            return _query_rule(f"{column}_without_reference", query, f"Rows whose {column} is not in {value}.")
    raise ValueError(f"{of.full_name} declares a test {test} of its column {column}; there is no such test.")


def _unique(of: Table, name: str, columns: Sequence[str]) -> Rule:
    listed = ", ".join(map(identifier, columns))
    rows = f"from {of.sql_name} select {listed}, count(*) as times group by {listed} having count(*) > 1"
    return Rule(name, f"Rows with the same {', '.join(columns)}.", f"count(*) - count(distinct row({listed}))", rows)


def _row_rule(of: Table, name: str, condition: str, description: str) -> Rule:
    rows = f"from {of.sql_name} where {condition}"
    return Rule(name, description, f"count(*) filter (where {condition})", rows)


def _query_rule(name: str, query: str, description: str) -> Rule:
    return Rule(name, description, f"(from (\n{query}\n) select count(*))", query)

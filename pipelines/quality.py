"""Runs a table's `checks.sql` and lets Great Expectations judge the counts: every rule may be broken zero times.

The table is scanned once, by DuckDB; the suite validates the one row of counts, which keeps a million rows at a few hundredths of a second.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from focusflow.lake import Lake, show
from pipelines import build, daily, priorities

if TYPE_CHECKING:
    import pandas as pd
    import sqlglot

CHECKED = (daily.DAILY.name, *(table.spec.name for table in build.TABLES), priorities.SCORES.name)

TABLES = Path(__file__).with_name("tables")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule of a table, and how often it is broken."""

    rule: str
    passed: bool
    broken: int


def rules_of(table: str) -> list[str]:
    """The names of a table's rules: the columns of its checks, in their order."""
    return list(_parsed(table).named_selects)


def _parsed(table: str) -> "sqlglot.exp.Select":
    import sqlglot

    query = (TABLES / table / "checks.sql").read_text(encoding="utf-8")
    return sqlglot.parse_one(query, into=sqlglot.exp.Select, dialect="duckdb")


def _read_by_checks(table: str) -> set[str]:
    """The tables that a table's checks look at: itself, and what it must agree with."""
    import sqlglot

    return {f"{found.db}/{found.name}" for found in _parsed(table).find_all(sqlglot.exp.Table) if found.db}


def judge(lake: Lake, connection: duckdb.DuckDBPyConnection, table: str) -> list[Verdict]:
    """Hold the newest version of a table against its rules."""
    counts = _counted(lake, connection, table)
    if counts is None:
        return [Verdict(rule, passed=True, broken=0) for rule in rules_of(table)]
    return validate(table, counts.df())


def broken_rules(lake: Lake, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every rule of any table that is broken, in words. The same counts as an analyst sees judged in Dagster."""
    told = []
    for table in CHECKED:
        counts = _counted(lake, connection, table)
        broken = counts.to_arrow_table().to_pylist()[0] if counts is not None else {}
        told += [f"{table}: {count:,} {rule.replace('_', ' ')}" for rule, count in broken.items() if count]
    return told


def _counted(lake: Lake, connection: duckdb.DuckDBPyConnection, table: str) -> duckdb.DuckDBPyRelation | None:
    """One row, with a column a rule: how often it is broken. None as long as there is no such table."""
    if lake.pinned(table) is None:
        return None
    show(connection, [found for name in _read_by_checks(table) if (found := lake.pinned(name)) is not None])
    return connection.sql((TABLES / table / "checks.sql").read_text(encoding="utf-8"))


def validate(table: str, counts: "pd.DataFrame") -> list[Verdict]:
    import great_expectations as gx  # seconds to import, so only where it is used
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    suite = gx.ExpectationSuite(
        name=table,
        expectations=[ExpectColumnValuesToBeBetween(column=rule, min_value=0, max_value=0) for rule in counts.columns],
    )
    batch = context.data_sources.pandas_default.read_dataframe(counts)
    found = batch.validate(suite, result_format="BOOLEAN_ONLY")
    passed = {
        result.expectation_config.kwargs["column"]: bool(result.success)
        for result in found.results
        if result.expectation_config
    }
    return [Verdict(rule, passed[rule], int(counts[rule].iloc[0])) for rule in counts.columns]

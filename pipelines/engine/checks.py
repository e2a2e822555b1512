"""Runs a table's `checks.sql` and lets Great Expectations judge the counts: every rule may be broken zero times, and a table does not shrink.

The table is scanned once, by DuckDB; the suite validates the one row of counts, which keeps a million rows at a few hundredths of a second.
Rows that break a rule are looked up only where there are any. Where all of them belong to users, those users are quarantined and the table goes on
without them; a rule that is broken by no user in particular stops what is made from the table.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from focusflow.lake.tables import Lake, Pinned, show
from pipelines.engine import build, daily, priorities, user_quarantine

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd
    import sqlglot
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

CHECKED = (daily.DAILY.name, *(table.spec.name for table in build.TABLES), priorities.SCORES.name)

TABLES = Path(__file__).parents[1] / "tables"

#: A table that has lost more than a fifth of its rows in its last commits is told of. An erasure may do it, so it stops nothing.
VOLUME, LEAST_KEPT, COMMITS = "volume", 0.8, 50

#: So many of the rows that break a rule are told.
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule of a table, how often it is broken, some of the rows that break it, and the users whose rows they all are."""

    rule: str
    passed: bool
    broken: int
    sample: Sequence[dict[str, Any]] = ()
    users: Sequence[str] = ()

    @property
    def is_blocking(self) -> bool:
        """Whether nothing may be made from the table: it is broken by no user in particular."""
        return not (self.passed or self.users or self.rule == VOLUME)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a suite judges of a table: how often each rule is broken, how many rows there are, and how many there were.

    `users` has the rules that hold without some users, with how many rows of each of them break it.
    """

    broken: dict[str, int]
    rows: int
    rows_before: int
    samples: dict[str, list[dict[str, Any]]]
    users: dict[str, dict[str, int]] = field(default_factory=dict)


def rules_of(table: str) -> list[str]:
    """The names of a table's rules: the columns of its checks, in their order."""
    return list(_parsed(table).named_selects)


def _text(table: str) -> str:
    return (TABLES / table / "checks.sql").read_text(encoding="utf-8")


def _parsed(table: str) -> "sqlglot.exp.Select":
    import sqlglot

    return sqlglot.parse_one(_text(table), into=sqlglot.exp.Select, dialect="duckdb")


def _read_by_checks(table: str) -> set[str]:
    """The tables that a table's checks look at: itself, and what it must agree with."""
    import sqlglot

    return {f"{found.db}/{found.name}" for found in _parsed(table).find_all(sqlglot.exp.Table) if found.db}


def judge(lake: Lake, connection: duckdb.DuckDBPyConnection, table: str) -> list[Verdict]:
    """Hold the newest version of a table against its rules. One that is not there keeps none of them."""
    return _judged(table, counted(lake, connection, table))


def enforce(lake: Lake, connection: duckdb.DuckDBPyConnection, table: str, now: datetime) -> list[Verdict]:
    """Judge a table, and have the users quarantined whose rows break a rule; whoever breaks none any more is released."""
    return _judged(table, _counted_and_recorded(lake, connection, table, now))


def _judged(table: str, counts: Counts | None) -> list[Verdict]:
    if counts is None:
        return [Verdict(rule, passed=False, broken=0) for rule in (*rules_of(table), VOLUME)]
    return validate(table, counts)


def _counted_and_recorded(
    lake: Lake, connection: duckdb.DuckDBPyConnection, table: str, now: datetime
) -> Counts | None:
    counts = counted(lake, connection, table)
    if counts is not None:
        user_quarantine.record(lake, connection, table, counts.users, now)
    known = {name.replace("/", ".") for name in CHECKED}
    for gone in {each.table_name for each in user_quarantine.violations(lake, connection)} - known:
        user_quarantine.record(lake, connection, gone, {}, now)  # a table of an older version
    return counts


def broken_rules(lake: Lake, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every rule of any table that is broken, in words. The same counts as an analyst sees judged in Dagster."""
    return [told for table in CHECKED for told in _told_of(table, counted(lake, connection, table))]


def blocking_rules(lake: Lake, connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """The rules that are broken by no user in particular, in words. Users who break the others are quarantined."""
    told = []
    for table in CHECKED:
        counts = _counted_and_recorded(lake, connection, table, now)
        told += _told_of(table, counts, () if counts is None else counts.users)
    return told


def _told_of(table: str, counts: Counts | None, but: Container[str] = ()) -> list[str]:
    if counts is None:
        return [f"{table} is not there"]
    return [_in_words(table, rule, counts) for rule, count in counts.broken.items() if count and rule not in but]


def _in_words(table: str, rule: str, counts: Counts) -> str:
    """How often a rule is broken, and by which row, for one."""
    told = f"{table}: {counts.broken[rule]:,} {rule.replace('_', ' ')}"
    first = next(iter(counts.samples.get(rule, ())), {})
    key = ", ".join(f"{name} {value}" for name, value in list(first.items())[:3])
    return f"{told} ({key})" if key else told


def counted(lake: Lake, connection: duckdb.DuckDBPyConnection, table: str) -> Counts | None:
    """None where there is no such table."""
    pinned = lake.pinned(table)
    if pinned is None:
        return None
    read = [found for name in _read_by_checks(table) if (found := lake.pinned(name)) is not None]
    show(connection, read)
    broken = _broken(connection, table)
    samples = {rule: list(sample_of(connection, table, rule)) for rule, count in broken.items() if count}
    users = {rule: some for rule, count in broken.items() if count and (some := users_of(connection, table, rule))}
    if users:
        user_quarantine.hide(connection, read, {user for some in users.values() for user in some})
        others, name = _broken(connection, table), table.replace("/", ".")
        # A rule that everybody breaks is about the table, and not about users.
        is_anybody_left = bool(connection.execute(f"from {name} limit 1").fetchall())
        users = {rule: some for rule, some in users.items() if is_anybody_left and not others[rule]}
    return Counts(broken, pinned.rows(), _rows_before(lake, pinned), samples, users)


def _broken(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """How often each rule is broken by what can be seen."""
    return {rule: int(count) for rule, count in connection.sql(_text(table)).to_arrow_table().to_pylist()[0].items()}


def _rows_before(lake: Lake, table: Pinned) -> int:
    """How many rows it had some commits ago."""
    earlier = max(1, table.version - COMMITS)
    before = lake.pinned(table.name, version=earlier) if earlier < table.version else table
    return before.rows() if before else 0


def sample_of(connection: duckdb.DuckDBPyConnection, table: str, rule: str) -> Iterator[dict[str, Any]]:
    """Some rows that break a rule, where its count says which they are."""
    query = _rows_of(table, rule)
    if query is not None:
        found = connection.sql(f"{query.sql('duckdb')} limit {SAMPLE}").to_arrow_table().to_pylist()
        yield from ({name: _told(value) for name, value in row.items()} for row in found)


def users_of(connection: duckdb.DuckDBPyConnection, table: str, rule: str) -> dict[str, int]:
    """Whose rows break a rule, and how many; nobody where rows that do belong to nobody."""
    query = _rows_of(table, rule)
    if query is None:
        return {}
    rows = connection.sql(query.sql("duckdb"))
    if "user_id" not in rows.columns:
        return {}
    found = dict(rows.aggregate("user_id, count(*)", "user_id").fetchall())
    return {} if None in found else found


def _rows_of(table: str, rule: str) -> "sqlglot.exp.Select | None":
    """The rows that a rule counts, as a query: those that meet a condition, or what they must not share."""
    from sqlglot import exp

    select = _parsed(table)
    (column,) = (each.unalias() for each in select.selects if each.alias_or_name == rule)
    inner = column.find(exp.Select) or select
    where = column.find(exp.Where)
    distinct = column.find(exp.Distinct)
    source = inner.args["from_"].this.sql("duckdb")
    if distinct is not None:
        names = [each for found in distinct.expressions for each in (found.expressions or [found])]
        query = (
            exp.select(*names, "count(*) as times")
            .from_(source, dialect="duckdb")
            .group_by(*names)
            .having("count(*) > 1")
        )
    elif inner is not select and inner.args.get("where"):  # a count of its own, perhaps over what is joined
        query = inner.select("*", append=False)
    elif where is not None:
        query = exp.select("*").from_(source, dialect="duckdb").where(where.this)
    else:
        return None
    if select.args.get("with_"):
        query.set("with_", select.args["with_"].copy())
    return query


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def validate(table: str, counts: Counts) -> list[Verdict]:
    batch = context().data_sources.pandas_default.read_dataframe(frame_of(counts))
    found = batch.validate(suite_of(table, counts), result_format="BOOLEAN_ONLY")
    passed = {
        result.expectation_config.kwargs["column"]: bool(result.success)
        for result in found.results
        if result.expectation_config
    }
    lost = max(0, counts.rows_before - counts.rows)
    rules = [
        Verdict(rule, passed[rule], broken, counts.samples.get(rule, ()), sorted(counts.users.get(rule, ())))
        for rule, broken in counts.broken.items()
    ]
    return [*rules, Verdict(VOLUME, passed[VOLUME], lost)]


def frame_of(counts: Counts) -> "pd.DataFrame":
    """What a suite validates: under each rule that is broken, how often, and some of the rows that break it, in words."""
    import pandas as pd

    told = {
        rule: [
            f"{broken:,} in all",
            *(", ".join(f"{name} {value}" for name, value in row.items()) for row in counts.samples[rule]),
        ]
        if broken
        else []
        for rule, broken in counts.broken.items()
    }
    empty = [None] * (SAMPLE + 1)
    return pd.DataFrame({rule: [*rows, *empty][: SAMPLE + 1] for rule, rows in told.items()} | {VOLUME: counts.rows})


def context() -> "EphemeralDataContext":
    import great_expectations as gx  # seconds to import, so only where it is used
    from great_expectations.data_context.types.base import ProgressBarsConfig

    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = ProgressBarsConfig(globally=False)
    return made


def suite_of(table: str, counts: Counts) -> "gx.ExpectationSuite":
    """Nothing under any rule, and as many rows as there were."""
    import great_expectations as gx
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
    from great_expectations.expectations.core.expect_column_values_to_be_null import ExpectColumnValuesToBeNull

    rules = [ExpectColumnValuesToBeNull(column=rule) for rule in counts.broken]
    volume = ExpectColumnValuesToBeBetween(column=VOLUME, min_value=round(counts.rows_before * LEAST_KEPT))
    return gx.ExpectationSuite(name=table.replace("/", "."), expectations=[*rules, volume])

"""Holds tables against what their folders declare: every rule may be broken zero times, and a table does not shrink.

DuckDB scans the table once. A refresh compares the counts; for Data Docs, suites of Great Expectations judge the same counts.
Rows that break a rule are looked up only where there are any. Where all of them belong to users, those users are quarantined and the table goes on
without them; a rule that is broken by no user in particular stops what is made from the table.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from focusflow.identity import bucket_of
from focusflow.lake.session import Inputs, Relation, Session, scans
from focusflow.lake.tables import Lake, Pinned, State, identifier
from pipelines.engine import changed_users, deferrals, descriptions, user_quarantine, user_rows
from pipelines.engine.rules import rules_of

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

#: A table that has lost more than a fifth of its rows in its last commits is reported. An erasure may do it, so it stops nothing.
VOLUME, LEAST_KEPT, COMMITS = "volume", 0.8, 50

#: The number of rows that operators are shown for a broken rule.
SAMPLE = 5


CHECKED = tuple(each.full_name for each in descriptions.TABLES if each.is_checked)


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


def judge(lake: Lake, session: Session, table: str) -> list[Verdict]:
    """Hold the newest version of a table against its rules. One that is not there keeps none of them."""
    return _judged(table, counts_of(lake, session, table))


def enforce(lake: Lake, session: Session, table: str, now: datetime) -> list[Verdict]:
    """Judge a table, and have the users quarantined whose rows break a rule; whoever breaks none any more is released."""
    return _judged(table, _counted_and_recorded(lake, session, table, now))


def _judged(table: str, counts: Counts | None) -> list[Verdict]:
    if counts is None:
        return [Verdict(rule, passed=False, broken=0) for rule in (*rules_of(table), VOLUME)]
    return verdicts_of(counts)


def _counted_and_recorded(lake: Lake, session: Session, table: str, now: datetime) -> Counts | None:
    counts = counts_of(lake, session, table)
    if counts is not None:
        user_quarantine.record(lake, session, table, counts.users, now)
    known = {name.replace("/", ".") for name in CHECKED}
    for gone in {each.table_name for each in user_quarantine.violations(lake, session)} - known:
        user_quarantine.record(lake, session, gone, {}, now)  # a table of an older version
    return counts


def blocking_rules(
    lake: Lake,
    session: Session,
    now: datetime,
    *,
    live_buckets: int = 0,
    broken: dict[str, dict[str, int]] | None = None,
) -> list[str]:
    """The rules that are broken by no user in particular, in words. Users who break the others are quarantined.

    A table that this process has found right is not read again. A live refresh, which says how many buckets there are, reads only the rows of
    those users whose rows have changed since; where one of them breaks a rule, the whole table. How often each broken rule is broken is put
    into `broken`, for each table.
    """
    broken = {} if broken is None else broken
    return [
        sentence for table in CHECKED for sentence in _blocking(lake, session, table, now, live_buckets, broken=broken)
    ]


def _blocking(
    lake: Lake, session: Session, table: str, now: datetime, buckets: int, *, broken: dict[str, dict[str, int]]
) -> list[str]:
    broken[table] = {}
    read, key = _read_by_checks(lake, table), f"right {table}"
    states = {each.name: each.state for each in read}
    known = lake.memory.get(key, {})
    if known and known == states:
        return []
    if not (buckets and known and _are_right_of_users(session, table, read, known, buckets)):
        counts = _counted_and_recorded(lake, session, table, now)
        lake.memory.pop(key, None)
        if counts is not None:
            broken[table] = {each.rule: each.broken for each in verdicts_of(counts) if not each.passed}
        if counts is None or any(counts.broken.values()):
            return _sentences_of(table, counts, () if counts is None else counts.users)
    lake.memory[key] = states
    return []


def _read_by_checks(lake: Lake, table: str) -> list[Pinned]:
    """A table, and those that its rules compare it with."""
    names = [table, *descriptions.table(table).check_inputs]
    return [found for name in names if (found := lake.pinned(name)) is not None]


def _are_right_of_users(
    session: Session, table: str, read: Sequence[Pinned], known: Mapping[str, State], buckets: int
) -> bool:
    """Whether only users of whom it is known have changed since, and no row of theirs breaks a rule."""
    users = set[str]()
    for each in read:
        before = known.get(each.name)
        some = changed_users.since(each, before.version) if before and before.table_id == each.state.table_id else None
        if some is None:
            return False
        users |= some.keys()
    for each in read:
        users -= deferrals.known(each).keys()  # their rows are not yet what the inputs say
    if not users:
        return True
    where = f"bucket in ({', '.join(map(str, sorted({bucket_of(UUID(user), buckets) for user in users})))})"
    rows: dict[str, Relation] = {}
    for each in read:
        its_part = where if "bucket" in each.partition_by else None
        rows[each.name.replace("/", ".")] = user_rows.of_users(session, each, users, its_part)
    return not any(_broken(session, rows, table).values())


def _sentences_of(table: str, counts: Counts | None, but: Container[str]) -> list[str]:
    if counts is None:
        return [f"{table} is not there"]
    return [
        f"{table}: {count:,} {rule.replace('_', ' ')} (`{rows_command(table, rule)}`)"
        for rule, count in counts.broken.items()
        if count and rule not in but
    ]


def rows_command(table: str, rule: str) -> str:
    """What shows operators the rows that break a rule. What is written about a rule itself holds no rows, for analysts read it."""
    return f"focusflow quarantine rows {table} {rule}"


def counts_of(lake: Lake, session: Session, table: str) -> Counts | None:
    """None where there is no such table."""
    read = _read_by_checks(lake, table)
    pinned = next((each for each in read if each.name == table), None)
    if pinned is None:
        return None
    inputs = scans(read)
    broken = _broken(session, inputs, table)
    samples = {rule: list(sample_of(session, inputs, table, rule)) for rule, count in broken.items() if count}
    users = {rule: some for rule, count in broken.items() if count and (some := users_of(session, inputs, table, rule))}
    if users:
        remaining = user_quarantine.scans_without(read, {user for some in users.values() for user in some})
        others, name = _broken(session, remaining, table), table.replace("/", ".")
        # A rule that all users break is about the table, and not about users.
        is_anybody_left = bool(session.rows(f"from {name} limit 1", remaining))
        users = {rule: some for rule, some in users.items() if is_anybody_left and not others[rule]}
    return Counts(broken, pinned.rows(), _rows_before(lake, pinned), samples, users)


def _broken(session: Session, inputs: Inputs, table: str) -> dict[str, int]:
    """How often each rule is broken by the rows of the inputs."""
    counts = ", ".join(f"({rule.count})::bigint as {identifier(rule.name)}" for rule in rules_of(table).values())
    (row,) = session.run(f"from {descriptions.table(table).sql_name} select {counts}", inputs).to_pylist()
    return dict(row)


def _rows_before(lake: Lake, table: Pinned) -> int:
    """How many rows it had some commits ago."""
    earlier = max(1, table.version - COMMITS)
    before = lake.pinned(table.name, version=earlier) if earlier < table.version else table
    return before.rows() if before else 0


def sample_of(session: Session, inputs: Inputs, table: str, rule: str) -> Iterator[dict[str, Any]]:
    """Some rows that break a rule."""
    found = session.run(f"from ({rules_of(table)[rule].rows}) limit {SAMPLE}", inputs).to_pylist()
    yield from ({name: _plain(value) for name, value in row.items()} for row in found)


def users_of(session: Session, inputs: Inputs, table: str, rule: str) -> dict[str, int]:
    """Whose rows break a rule, and how many; no users where some of the rows belong to no user."""
    rows = rules_of(table)[rule].rows
    if "user_id" not in session.run(f"from ({rows}) limit 0", inputs).column_names:
        return {}
    found = dict(session.rows(f"from ({rows}) select user_id, count(*) group by user_id", inputs))
    return {} if None in found else found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def verdicts_of(counts: Counts) -> list[Verdict]:
    """What the suite finds of the same counts, by plain comparisons: a refresh checks every table, and a suite takes longer than the counts."""
    lost = max(0, counts.rows_before - counts.rows)
    rules = [
        Verdict(rule, not broken, broken, counts.samples.get(rule, ()), sorted(counts.users.get(rule, ())))
        for rule, broken in counts.broken.items()
    ]
    return [*rules, Verdict(VOLUME, counts.rows >= least_rows(counts), lost)]


def least_rows(counts: Counts) -> int:
    """How many rows a table needs to have kept."""
    return round(counts.rows_before * LEAST_KEPT)


def frame_of(counts: Counts) -> "pd.DataFrame":
    """What a suite validates: under each rule that is broken, how often, in words."""
    import pandas as pd

    found = {rule: [f"{broken:,} in all" if broken else None] for rule, broken in counts.broken.items()}
    return pd.DataFrame(found | {VOLUME: [counts.rows]})


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
    volume = ExpectColumnValuesToBeBetween(column=VOLUME, min_value=least_rows(counts))
    return gx.ExpectationSuite(name=table.replace("/", "."), expectations=[*rules, volume])

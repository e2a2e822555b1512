"""Updates the gold tables that are folders: `table.toml` says what a table is, its SQL is one statement, `checks.sql` is what must hold.

A table whose rows are about days lies by month, and is rebuilt from the first month of which something is said that was not known;
the others for the buckets in which something happened; both once an hour for all, for days go on without events. A table is replaced
in one commit, which carries how far silver was read. Nothing here knows of Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from focusflow.identity import bucket_of
from focusflow.lake.session import Relation, Scan, Session, scans
from focusflow.lake.tables import Lake, Pinned, position_key
from focusflow.preferences import DEFAULTS
from pipelines.engine import changed_users, deferrals, dirty_days, user_rows
from pipelines.engine.as_of import as_of_metadata, last, newest_metadata
from pipelines.engine.daily import DAILY
from pipelines.engine.descriptions import BUILT_BY_QUERY, Table
from pipelines.engine.histories import held_since, month_before
from pipelines.engine.silver import EVENTS
from pipelines.engine.table_inputs import MACROS, table_inputs
from pipelines.engine.window import Window

TABLES = BUILT_BY_QUERY

#: The daily rows among a table's inputs. Where they are not, the daily table only says from which day on there is something new.
DAILY_ROWS = DAILY.name.replace("/", ".")

#: The hours of work of users who never chose them: what a user chose stays in Postgres. And how long before the registration a table of
#: days may begin.
PARAMETERS: Mapping[str, object] = {
    "work_from": DEFAULTS["work_from"],
    "work_until": DEFAULTS["work_until"],
    "days_before_registration": dirty_days.DAYS_BEFORE_REGISTRATION,
}


def load_incremental(
    lake: Lake, session: Session, table: Table, buckets: int, as_of: datetime, *, is_live: bool = False
) -> int:  # fmt: skip
    """Bring a table up to silver's newest version, or as far as the days are. Returns how many rows were written. A refresh that `is_live`
    lets a table rest for as long as its folder says.
    """
    gold = lake.open(table.spec)
    if is_live and timedelta(0) <= as_of - last(gold) < table.pause:
        return 0
    source = lake.open(DAILY if table.is_by_month else EVENTS)
    inputs = [found for name in table.reads if (found := lake.pinned(name)) is not None]
    return Build(lake, session, table, gold, source, inputs, buckets, as_of).run(is_live=is_live)


@dataclass(frozen=True, slots=True)
class Build:
    """One table on its way up to its inputs, which are pinned first: what comes to them meanwhile is followed next time."""

    lake: Lake
    session: Session
    table: Table
    gold: Pinned
    source: Pinned
    inputs: Sequence[Pinned]
    buckets: int
    as_of: datetime

    def run(self, *, is_live: bool) -> int:
        """Everybody's rows once an hour, for days go on without events, and where the inputs do not say of whom they have changed. Between, those of
        the users of whom they have.
        """
        users, before = self._users(), deferrals.known(self.gold)
        plan = deferrals.Plan(users or {}, {})
        if is_live:
            plan = deferrals.Plan.of(users or {}, before, self.as_of, None if self.table.is_by_month else self._rows)
        elif users is not None:
            plan = deferrals.Plan({**users, **{user: each.first_day for user, each in before.items()}}, {})
        if users is None or not (self._is_of_this_hour or self.table.is_by_month):
            return self._of_all(self._first_days(before), {})
        recent = {} if self._is_of_this_hour else self._since_yesterday({})
        written = self._of_users(plan) if plan.now or plan.deferred != before else 0
        return written + self._of_all(recent, plan.deferred)

    @property
    def _rows(self) -> dict[str, int]:
        """How many rows users had when theirs were made last, of those who had many."""
        rows: dict[str, int] = self.lake.memory.setdefault(f"many rows {self.table.full_name}", {})
        return rows

    def _of_all(self, firsts: Mapping[int, date], deferred: Mapping[str, deferrals.Deferral]) -> int:
        """Everybody's rows, in the buckets in which something happened."""
        if not firsts:
            return 0
        pieces = [(piece, self._computed(piece)) for piece in _pieces(self.table, firsts)]
        rows = _sorted(self.table, pa.concat_tables(rows for _, rows in pieces))
        where = " or ".join(f"({piece.of(self.gold)})" for piece, _ in pieces)
        self.gold.replace(rows, where=where, positions=self._positions, metadata=self._note | deferrals.note(deferred))
        return int(rows.num_rows)

    def _of_users(self, plan: deferrals.Plan) -> int:
        """The rows of some users. Those of others in the same partitions stay as they are. Whoever needs the oldest months comes last."""
        written, by_month = 0, dict[date, list[str]]()
        for user, first in plan.now.items():
            by_month.setdefault(_month(first) if self.table.is_by_month else date.min, []).append(user)
        done = self._note | deferrals.note(plan.deferred)
        for place, month in enumerate(sorted(by_month, reverse=True), 1):
            written += self._replace(month, tuple(by_month[month]), done if place == len(by_month) else None)
        if not by_month:
            self._append_nothing(done)
        return written

    def _append_nothing(self, done: Mapping[str, str]) -> None:
        nothing = self.gold.columns().empty_table()
        self.gold.append(nothing, positions=self._positions, metadata={**done, **changed_users.note({})})

    def _replace(self, month: date, users: tuple[str, ...], done: Mapping[str, str] | None) -> int:
        """With the last of them, the commit says that the inputs were followed."""
        in_buckets = tuple(sorted({bucket_of(UUID(user), self.buckets) for user in users}))
        piece = Piece(in_buckets, month, users)
        where = piece.of(self.gold)
        stored = user_rows.few_or_scan(self.session, self.gold, where)
        before = self._as_stored(
            self.session.run("from rows_before", {"rows_before": stored}) if isinstance(stored, Scan) else stored
        )
        is_theirs = pc.is_in(before["user_id"], pa.array(users, pa.string()))
        rows = _sorted(self.table, self._computed(piece))
        is_same = before.filter(is_theirs).equals(rows)
        self._remember(rows)
        if is_same:
            if done:
                self._append_nothing(done)
            return 0
        metadata = {**(done or as_of_metadata(self.as_of)), **changed_users.note(dict.fromkeys(users, month))}
        together = _sorted(self.table, pa.concat_tables([rows, before.filter(pc.invert(is_theirs))]))
        self.gold.replace(together, where=where, positions=self._positions if done else {}, metadata=metadata)
        return int(rows.num_rows)

    def _remember(self, rows: pa.Table) -> None:
        counts = pc.value_counts(rows["user_id"]).to_pylist() if rows.num_rows > deferrals.MANY_ROWS else []
        self._rows.update({each["values"]: each["counts"] for each in counts})

    def _as_stored(self, rows: pa.Table) -> pa.Table:
        return _sorted(self.table, rows.select(self.table.spec.schema.names).cast(self.table.spec.schema))

    def _computed(self, piece: "Piece") -> pa.Table:
        return compute(self.lake, self.session, self.table, piece, self.as_of)

    @property
    def _positions(self) -> dict[str, int]:
        return {key: self.source.position(key) for key in map(position_key, range(self.buckets))}

    @property
    def _note(self) -> dict[str, str]:
        """What a commit says of itself when it has followed the inputs."""
        said = (
            as_of_metadata(self.as_of)
            | changed_users.note_inputs(self.inputs)
            | {"computation": self.table.computation}
        )
        return said | (dirty_days.version_metadata(self.source) if self.table.is_by_month else {})

    @property
    def _is_as_computed(self) -> bool:
        return (newest_metadata(self.gold, "computation") or "1") == self.table.computation

    @property
    def _is_of_this_hour(self) -> bool:
        """A later one is not: the clock ran ahead."""
        this, before = (each.replace(minute=0, second=0, microsecond=0) for each in (self.as_of, last(self.gold)))
        return this == before

    def _first_days(self, deferred: Mapping[str, deferrals.Deferral]) -> dict[int, date]:
        """From which day on the rows of each bucket are to be recomputed."""
        if self.gold.version and not self._is_as_computed:
            return dict.fromkeys(range(self.buckets), date.min)
        put_off = {bucket_of(UUID(user), self.buckets) for user in deferred}
        if not self.table.is_by_month:
            behind = self._positions.items()
            is_behind = {key for key, at in behind if not self._is_of_this_hour or self.gold.position(key) < at}
            is_behind |= set(map(position_key, put_off))
            return {bucket: date.min for bucket in range(self.buckets) if position_key(bucket) in is_behind}
        firsts = dirty_days.first_days(self.source, self.gold, self.buckets)
        firsts |= dict.fromkeys(put_off, date.min)
        return firsts if self._is_of_this_hour else self._since_yesterday(firsts)

    def _since_yesterday(self, firsts: Mapping[int, date]) -> dict[int, date]:
        yesterday = min(last(self.gold), self.as_of).date() - timedelta(days=1)
        return {bucket: min(firsts.get(bucket, yesterday), yesterday) for bucket in range(self.buckets)}

    def _users(self) -> Mapping[str, date] | None:
        """Whose rows are to be recomputed because of what the inputs have become since, and from which day on. None where it can be everybody's."""
        seen = changed_users.versions_followed(self.gold) if self.gold.version else None
        if seen is None or not self._is_as_computed:
            return None
        if not self.table.is_personal:
            is_same = self._is_of_this_hour and all(seen.get(each.name) == each.version for each in self.inputs)
            return {} if is_same else None
        users: dict[str, date] = {}
        for each in self.inputs:
            if each.name == DAILY.name and DAILY_ROWS not in self.table.inputs:
                continue  # it only says from which day on
            some = changed_users.since(each, seen.get(each.name, each.version + 1))
            if some is None:
                return None
            users |= some
        return self._days_of(users) if self.table.is_by_month else users

    def _days_of(self, users: Mapping[str, date]) -> Mapping[str, date] | None:
        """From which day on, as the daily table says; also of those for whom a day has begun."""
        version = int(newest_metadata(self.gold, dirty_days.UP_TO) or 0)
        days = changed_users.since(self.source, version)
        if days is None or not days.keys() >= users.keys():
            return None
        turned = changed_users.turned_since(self.source, version)
        return {user: day for user, day in days.items() if user in users or user in turned}


@dataclass(frozen=True, slots=True)
class Piece:
    """What is rebuilt at a time: buckets, or all that there is, from a month on; of some users, where they are named."""

    buckets: tuple[int, ...] | None
    first: date
    users: tuple[str, ...] | None = None

    def of(self, table: Pinned, looks_back: int = 0) -> str:
        """The partitions of a table that belong to it, with those of some days before."""
        divided_by = table.partition_by
        conditions = (
            [f"bucket in ({', '.join(map(str, self.buckets))})"] if self.buckets and "bucket" in divided_by else []
        )
        if "last_month" in divided_by:
            conditions.append(held_since(table, self.first, looks_back))
        if "month" in divided_by:
            conditions.append(f"month >= '{month_before(self.first, looks_back)}'")
        return " and ".join(conditions) or "true"


#: All partitions of all tables.
EVERYTHING = Piece(None, date.min)


def _month(first: date) -> date:
    """The first day of the months that a day touches: weeks reach into them."""
    return date.fromisoformat(f"{month_before(first, 8)}-01")


def _pieces(table: Table, firsts: Mapping[int, date]) -> list[Piece]:
    """The whole months in which those days lie."""
    months = {bucket: _month(first) for bucket, first in firsts.items()}
    if not table.is_personal:
        return [Piece(None, min(months.values()))]
    return [
        Piece(tuple(bucket for bucket, its in months.items() if its == month), month)
        for month in sorted(set(months.values()))
    ]


def compute(lake: Lake, session: Session, table: Table, piece: Piece, as_of: datetime) -> pa.Table:
    """The rows of a table that belong to a piece, from what there is of its inputs."""
    session.define(MACROS)
    window = Window(piece.first, as_of)
    given = table_inputs(session, table, _tables(lake, session, table, piece), window)
    parameters = {**PARAMETERS, **table.toml.get("variables", {}), "as_of": as_of}
    rows = session.run(table.query, given, parameters)
    return rows.select(table.spec.schema.names).cast(table.spec.schema)


def _tables(lake: Lake, session: Session, table: Table, piece: Piece) -> Mapping[str, Relation]:
    """What a table reads, directly or by way of a relation: only the partitions that its rows can come from."""
    read: list[Pinned] = [found for name in table.reads if (found := lake.pinned(name)) is not None]
    all_time = Piece(piece.buckets, date.min)
    where = {
        each.name: (all_time if each.name in table.full_history_of else piece).of(each, table.lookback_days)
        for each in read
    }
    if piece.users is None:
        return scans(read, where)
    return {
        each.name.replace("/", "."): user_rows.of_users(session, each, piece.users, where[each.name]) for each in read
    }


def _sorted(table: Table, rows: pa.Table) -> pa.Table:
    """By user and day: a page about one user reads few row groups, and the same rows make the same files."""
    by = [*table.spec.partition_by, *(["user_id"] if table.is_personal else []), table.day, *table.key]
    return rows.sort_by([(name, "ascending") for name in by])

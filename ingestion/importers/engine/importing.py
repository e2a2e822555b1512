"""An import: records are read, compared with what earlier imports brought, and written with their events in one transaction.

A record is known by user, format and id of the source. What an import brought once is not brought again, also where the user has changed or
deleted it since.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from focusflow.clock import zone
from focusflow.contracts.envelope import Event
from focusflow.database import outbox
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.errors import NotFound
from focusflow.identity import new_id, new_id_at
from focusflow.import_formats import FORMATS
from ingestion.importers import csv_table, focusflow
from ingestion.importers.engine.changes import PROJECT, Links, changes_of
from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.formats import find_format, formats
from ingestion.importers.engine.normalize import normalize
from ingestion.importers.engine.records import (
    Finding,
    Habit,
    HabitLog,
    Milestone,
    Place,
    Record,
    Surroundings,
    Task,
    TimeEntry,
)
from ingestion.replay import ORDER, TABLES, history, insert_rows

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

#: Records whose rows and events are written by one statement each.
CHUNK = 2000

#: Findings that are kept with an import; their number is kept whole.
FINDINGS = 1000

#: As for the API.
CATEGORIES = 200
LEVELS = 20

PREFIXES = {"time_entry": "time", "calendar_event": "calendar", "day_off": "dayoff", "habit_log": "habit"}

Progress = Callable[[int, int], None]
T = TypeVar("T")


class ImportNotFound(NotFound):
    """There is no such import."""


class AccountNotFound(NotFound):
    """No user has this email address."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose import it is."""

    id: UUID
    timezone: str


@dataclass(slots=True)
class Report:
    """What an import brought, or would bring: new records by noun, those that were there already, and findings."""

    format: str
    file_name: str
    file_hash: str
    imported: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    columns: Mapping[str, str] | None = None
    other_columns: Sequence[str] = ()  # which are not taken
    id: UUID | None = None

    @property
    def label(self) -> str:
        return FORMATS[self.format]

    @property
    def skipped(self) -> int:
        return sum(finding.outcome == "skipped" for finding in self.findings)

    def description(self) -> dict[str, Any]:
        """What is kept of it, as values of a statement."""
        findings = [
            {"place": str(each.place), "reason": each.reason, "outcome": each.outcome} for each in self.findings
        ]
        counts = {
            "imported": dict(self.imported),
            "known": dict(self.known),
            "skipped": self.skipped,
            "changed": len(findings) - self.skipped,
        }
        return {
            "format": self.format,
            "counts": Jsonb(counts, dumps=orjson.dumps),
            "findings": Jsonb(findings[:FINDINGS], dumps=orjson.dumps),
            "findings_count": len(findings),
        }


def no_progress(_done: int, _all: int) -> None:
    """No progress is shown."""


def find_account(database: Database, email: str) -> Account:
    with database.transaction(Role.AUTH) as tx:
        row = tx.one(QUERIES["account"], {"email": email})
    if row is None:
        raise AccountNotFound(f"No user has the email address {email}.")
    return Account(row["id"], row["timezone"])


def import_upload(
    database: Database,
    account: Account,
    upload: Upload,
    *,
    format_name: str | None = None,
    columns: Mapping[str, str | None] | None = None,
    is_dry_run: bool = False,
    waiting_id: UUID | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Import an upload, or tell what importing it would do. `columns` says what the columns of a table mean where the guess is wrong; None
    leaves a field out. `waiting_id` is the import as which the upload waits, if it does; it is done with the same commit.
    """
    file_hash = hashlib.sha256(upload.content).hexdigest()
    report = Report(find_format(upload, format_name), upload.name, file_hash, id=waiting_id)
    if report.format == csv_table.__name__.rpartition(".")[2]:
        chosen = {**csv_table.guess_columns(upload), **(columns or {})}
        report.columns = {field: column for field, column in chosen.items() if column}
        report.other_columns = csv_table.other_columns(upload, report.columns)
    with database.transaction(Role.API, account.id) as tx:
        tx.serialize("imports")
        _Import(tx, account, report, progress).run(upload, is_dry_run=is_dry_run)
    return report


def source_key(noun: str, source_id: str) -> UUID:
    """What is remembered of an id of a source, however long that is."""
    return UUID(bytes=hashlib.blake2b(f"{noun}\0{source_id}".encode("utf-8", "replace"), digest_size=16).digest())


class _Import:
    def __init__(self, tx: Transaction, account: Account, report: Report, progress: Progress) -> None:
        self._tx, self._account, self._report, self._progress = tx, account, report, progress
        self._is_waiting = report.id is not None
        self._surroundings = Surroundings(zone(account.timezone), tx.now, report.columns)
        values = {"user_id": account.id, "format": report.format}
        self._known: dict[UUID, UUID] = {
            row["source_key"]: row["entity_id"] for row in tx.all(QUERIES["known"], values)
        }
        if (
            report.format == focusflow.__name__.rpartition(".")[2]
        ):  # an export of this user: its ids are those of the rows
            own = tx.all(QUERIES["own"])
            self._known |= {source_key(row["noun"], str(row["id"])): row["id"] for row in own}
        self._ids: dict[tuple[str, str], UUID] = {}

    def run(self, upload: Upload, *, is_dry_run: bool) -> None:
        records = self._new(self._read(upload))
        records = self._complete_habits(records)
        records += self._project_tasks(records)
        records = self._linked(records)
        categories = self._categories(records)
        self._report.imported.update(record.noun for record in records)
        if is_dry_run or not (self._is_waiting or records or self._report.findings or self._report.known):
            return
        self._report.id = self._report.id or new_id()
        self._tx.run(QUERIES["defer_links"])
        added = [id_ for id_, _ in categories.values()]
        rows = [self._category_row(id_, name) for id_, name in categories.values()]
        insert_rows(self._tx, "categories", rows)
        self._write(records)
        self._remember(records, added)

    def _read(self, upload: Upload) -> Iterator[Record]:
        """The records of the file, each id once."""
        seen: dict[tuple[str, str], Place] = {}
        findings = self._report.findings
        for item in formats()[self._report.format].read(upload, self._surroundings):
            if isinstance(item, Finding):
                findings.append(item)
                continue
            key = (item.noun, item.source_id)
            if key in seen:
                findings.append(Finding(item.place, f"it repeats {seen[key]}"))
                continue
            seen[key] = item.place
            for result in normalize(item, self._surroundings):
                if isinstance(result, Finding):
                    findings.append(result)
                else:
                    yield result

    def _new(self, records: Iterable[Record]) -> list[Record]:
        """Those that no earlier import brought. Everything is given its id."""
        new = []
        for record in records:
            known = self._known.get(source_key(record.noun, record.source_id))
            if known is not None:
                self._ids[record.noun, record.source_id] = known
                self._report.known[record.noun] += 1
            else:
                self._ids[record.noun, record.source_id] = new_id_at(_happened_at(record) or self._tx.now)
                new.append(record)
        return new

    def _complete_habits(self, records: list[Record]) -> list[Record]:
        """Habits begin with their first log at the latest. Days that the user has logged by hand are theirs."""
        first: dict[str, date] = {}
        for record in records:
            if isinstance(record, HabitLog):
                first[record.habit] = min(record.local_date, first.get(record.habit, record.local_date))
        new_habits = {record.source_id for record in records if isinstance(record, Habit)}
        old = [id_ for (noun, source), id_ in self._ids.items() if noun == "habit" and source not in new_habits]
        logged = {(row["habit_id"], row["local_date"]) for row in self._tx.all(QUERIES["habit_days"], {"habits": old})}
        kept: list[Record] = []
        for record in records:
            if isinstance(record, Habit):
                created = record.created_at or self._tx.now
                begins = record.start_date or created.astimezone(self._surroundings.zone).date()
                record.start_date = min(begins, first.get(record.source_id, begins))
                if record.end_date is not None and record.end_date < record.start_date:
                    record.end_date = None
            elif isinstance(record, HabitLog):
                habit_id = self._ids.get(("habit", record.habit))
                if habit_id is None:
                    self._report.findings.append(Finding(record.place, "its habit is not imported"))
                    continue
                if (habit_id, record.local_date) in logged:
                    self._report.known[record.noun] += 1
                    continue
            kept.append(record)
        return kept

    def _project_tasks(self, records: list[Record]) -> list[Record]:
        """The tasks that carry the time of projects."""
        entries = [record for record in records if isinstance(record, TimeEntry)]
        if not any(entry.project for entry in entries):
            return []
        first: dict[str, TimeEntry] = {}
        for entry in entries:
            if entry.project and (entry.project not in first or entry.started_at < first[entry.project].started_at):
                first[entry.project] = entry
        tasks = [
            Task(
                place=entry.place,
                source_id=PROJECT + project,
                title=project,
                description="Carries the imported time of this project.",
                category=project,
                status="archived",
                created_at=entry.started_at,
            )
            for project, entry in first.items()
        ]
        return self._new(tasks)

    def _linked(self, records: list[Record]) -> list[Record]:
        """Records whose links lead somewhere: no loops of subtasks, no parents that are not imported."""
        parents = {record.source_id: record.parent for record in records if isinstance(record, Task) and record.parent}
        kept: list[Record] = []
        for record in records:
            if isinstance(record, Task) and record.parent is not None:
                reason = self._wrong_parent(record, parents)
                if reason is not None:
                    self._report.findings.append(Finding(record.place, reason, "changed"))
                    record.parent = None
                    parents.pop(record.source_id, None)
            if isinstance(record, Task) and record.source_id in record.blocked_by:
                record.blocked_by.remove(record.source_id)
            if isinstance(record, Milestone) and ("goal", record.goal) not in self._ids:
                self._report.findings.append(Finding(record.place, "its goal is not imported"))
                continue
            kept.append(record)
        return kept

    def _wrong_parent(self, task: Task, parents: Mapping[str, str]) -> str | None:
        if ("task", task.parent or "") not in self._ids:
            return "its parent is not imported, so it stands by itself"
        above, levels = task.parent, 0
        while above is not None:
            levels += 1
            if above == task.source_id:
                return "it would be its own subtask, so it stands by itself"
            if levels > LEVELS:
                return f"tasks nest {LEVELS} levels deep at most, so it stands by itself"
            above = parents.get(above)
        return None

    def _categories(self, records: list[Record]) -> dict[str, tuple[UUID, str]]:
        """The categories to add, by lower-case name. `_links` knows all."""
        present = {row["name"].lower(): row["id"] for row in self._tx.all(QUERIES["categories"])}
        added: dict[str, tuple[UUID, str]] = {}
        for record in records:
            name = getattr(record, "category", None)
            if not name or name.lower() in present or name.lower() in added:
                continue
            if len(present) + len(added) >= CATEGORIES:
                reason = f"the category {name!r} was left out: there are {CATEGORIES} at most"
                self._report.findings.append(Finding(record.place, reason, "changed"))
                continue
            added[name.lower()] = (new_id(), name)
        self._links = Links(self._ids, {**present, **{name: id_ for name, (id_, _) in added.items()}})
        self._report.imported.update({"category": len(added)} if added else {})
        return added

    def _category_row(self, id_: UUID, name: str) -> dict[str, Any]:
        now = self._tx.now
        return {
            "id": id_,
            "user_id": self._account.id,
            "name": name,
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }

    def _write(self, records: list[Record]) -> None:
        records = sorted(records, key=lambda record: ORDER.index(TABLES[record.noun]))
        for done, chunk in _chunks(records, CHUNK):
            self._progress(done, len(records))
            changes = (
                change
                for record in chunk
                for change in changes_of(
                    record, self._ids[record.noun, record.source_id], self._links, self._surroundings
                )
            )
            written = history(
                changes,
                new_id_at,
                user_id=self._account.id,
                timezone=self._account.timezone,
                until=self._tx.now,
                recorded_at=self._tx.now,
            )
            for table in ORDER:
                insert_rows(self._tx, table, written.rows.get(table, []))
            outbox.append(self._tx, written.events)
        self._progress(len(records), len(records))

    def _remember(self, records: list[Record], categories: list[UUID]) -> None:
        report = self._report
        values = {"user_id": self._account.id, "format": report.format, "import_id": report.id}
        items = [(source_key(r.noun, r.source_id), r.noun, self._ids[r.noun, r.source_id]) for r in records]
        items += [(source_key("category", f"{report.id} {id_}"), "category", id_) for id_ in categories]
        for _, chunk in _chunks(items, 20_000):
            keys, nouns, ids = (list(column) for column in zip(*chunk, strict=True))
            self._tx.run(QUERIES["add_items"], values | {"keys": keys, "nouns": nouns, "ids": ids})
        described = values | report.description() | {
            "now": self._tx.now, "file_name": report.file_name[-200:], "file_hash": report.file_hash,
        }  # fmt: skip
        # Last: whoever shows the progress of a waiting import writes into its row until then.
        if not self._tx.run(QUERIES["finish_import" if self._is_waiting else "add_import"], described):
            raise ImportNotFound


def _happened_at(record: Record) -> datetime | None:
    return getattr(record, "created_at", None) or getattr(record, "started_at", None)


def _chunks(items: list[T], size: int) -> Iterator[tuple[int, list[T]]]:
    rest = iter(items)
    for done in range(0, len(items), size):
        yield done, list(islice(rest, size))


def undo_import(database: Database, account: Account, import_id: UUID, *, is_dry_run: bool = False) -> Counter[str]:
    """Take back all that an import brought, also what the user has changed since. Returns how much, by noun."""
    with database.transaction(Role.API, account.id) as tx:
        return undo_in(tx, account, import_id, is_dry_run=is_dry_run)


def undo_in(tx: Transaction, account: Account, import_id: UUID, *, is_dry_run: bool = False) -> Counter[str]:
    tx.serialize("imports")
    row = tx.one(QUERIES["lock_import"], {"id": import_id})
    if row is None:
        raise ImportNotFound
    ids: dict[str, list[UUID]] = {}
    for item in tx.all(QUERIES["items"], {"id": import_id}):
        ids.setdefault(item["noun"], []).append(item["entity_id"])
    if is_dry_run:
        return Counter({noun: len(theirs) for noun, theirs in ids.items()})
    tx.run(QUERIES["defer_links"])
    undone: Counter[str] = Counter()
    for noun in UNDO_ORDER:
        for _, chunk in _chunks(ids.get(noun, []), CHUNK):
            undone[noun] += _undo(tx, account, noun, chunk)
    tx.run(QUERIES["drop_items"], {"id": import_id})
    tx.run(QUERIES["finish_undo"], {"id": import_id, "now": tx.now})
    return +undone


#: What points at others goes first.
UNDO_ORDER = (
    "time_entry", "habit_log", "habit", "task", "milestone", "goal", "calendar_event", "day_off", "category",
)  # fmt: skip

REMOVALS = {"habit_log": "habit.unlogged"}


def _undo(tx: Transaction, account: Account, noun: str, ids: list[UUID]) -> int:
    """Remove entities with the events that say so. In the lake, what an import removes never was (`is_undo` in macros.sql)."""
    values = {"ids": ids, "now": tx.now}
    if noun == "category":
        return tx.run(QUERIES["undo_category"], values)
    rows = tx.all(QUERIES[f"undo_{noun}"], values)
    events = [removal(noun, row, account, tx.now) for row in rows]
    if events:
        outbox.append(tx, events)
    return len(rows)


def removal(noun: str, row: Mapping[str, Any], account: Account, now: datetime) -> Event:
    """The event of an entity that an undo removes. A task and a goal keep their row, whose version it raised."""
    return outbox.event(
        REMOVALS.get(noun, f"{PREFIXES.get(noun, noun)}.deleted"),
        user_id=account.id,
        timezone=account.timezone,
        subject=row["id"],
        version=row["version"] + (0 if noun in {"task", "goal"} else 1),
        data=dict(row),
        recorded_at=now,
        actor="import",
    )

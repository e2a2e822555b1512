"""Loop Habit Tracker: the archive of CSV files, and the backup, which is a database."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from ingestion.importers.engine.databases import DatabaseFile, is_database
from ingestion.importers.engine.files import File, Malformed, Row, Upload, read_table
from ingestion.importers.engine.records import NO, SURE, Finding, Habit, HabitLog, Item, Place, Surroundings
from ingestion.importers.engine.values import as_date, read_moment

DONE, SKIPPED = frozenset({"2", "YES_MANUAL"}), frozenset({"3", "SKIP"})
NOTHING = frozenset({"", "0", "-1", "1", "NO", "UNKNOWN", "YES_AUTO"})
FOLDER = re.compile(r"(?:.*/)?(\d{3}) [^/]*/Checkmarks\.csv")

#: Amounts are stored as thousandths.
SCALE = 1000


def sniff(upload: Upload) -> int:
    first = upload.files[0].content if upload.files else b""
    if is_database(first):
        return SURE if b"Repetitions" in first[:200_000] and b"Habits" in first[:200_000] else NO
    names = {file.name.rpartition("/")[2] for file in upload.files}
    return SURE if upload.is_archive and {"Habits.csv", "Checkmarks.csv"} <= names else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    (first, *_) = upload.files
    habits = list(_stored(first) if is_database(first.content) else _written(upload, surroundings))
    for habit in habits:
        yield from habit.items()


@dataclass(slots=True)
class _Habit:
    """A habit of either source, with its marks by day."""

    place: Place
    source_id: str
    title: str
    times: int
    days: int
    is_archived: bool = False
    reminder: time | None = None
    target: float | None = None
    marks: dict[date, tuple[str, str]] = field(default_factory=dict)

    def items(self) -> Iterator[Item]:
        times: int | None = None
        if self.days > 0 and self.times < self.days:
            exact = 7 * self.times / self.days
            times = max(1, round(exact))
            if times != exact:
                reason = f"{self.title!r} is for {self.times} of {self.days} days: it is imported as {times} a week"
                yield Finding(self.place, reason, "changed")
        yield Habit(
            place=self.place,
            source_id=self.source_id,
            title=self.title,
            times_per_week=times,
            reminder_time=self.reminder,
            is_archived=self.is_archived,
        )
        below = 0
        for day, (mark, note) in sorted(self.marks.items()):
            value = self._value(mark)
            below += self.target is not None and mark not in SKIPPED and 0 < (value or 0) < self.target
            if mark in SKIPPED:
                yield HabitLog(
                    place=self.place, habit=self.source_id, local_date=day, notes=note or None, skip_reason="Skipped"
                )
            elif value is not None and value > 0 and (self.target is None or value >= self.target):
                yield HabitLog(place=self.place, habit=self.source_id, local_date=day, value=value, notes=note or None)
        if below:
            yield Finding(self.place, f"{below} days of {self.title!r} are below its target and do not count as done")

    def _value(self, mark: str) -> float | None:
        if self.target is None:
            return 1.0 if mark in DONE else None
        try:
            return float(mark) / SCALE
        except ValueError:
            return None


def _written(upload: Upload, surroundings: Surroundings) -> Iterator[_Habit]:
    by_name = {file.name: file for file in upload.files}
    listed = next(file for file in upload.files if file.name.endswith("Habits.csv"))
    marks = {found[1]: file for name, file in by_name.items() if (found := FOLDER.fullmatch(name))}
    shared = next(
        (
            file
            for name, file in by_name.items()
            if name.rpartition("/")[2] == "Checkmarks.csv" and not FOLDER.fullmatch(name)
        ),
        None,
    )
    for number, row in enumerate(read_table(listed.text, listed.name, "name").rows, start=1):
        habit = _of_row(row, Place(row.line, listed.name))
        position = row.get("position").zfill(3) if row.get("position") else f"{number:03}"
        if position in marks:
            _add_marks(habit, marks[position], surroundings, column=None)
        elif shared is not None:
            _add_marks(habit, shared, surroundings, column=habit.title)
        yield habit


def _of_row(row: Row, place: Place) -> _Habit:
    is_amount = row.get("type").lower() in {"1", "numerical", "measurable"} or bool(row.get("unit"))
    return _Habit(
        place,
        row.get("name"),
        row.get("name"),
        _number(row.get("frequencynumerator", "numrepetitions"), 1),
        _number(row.get("frequencydenominator", "interval"), 1),
        is_archived=row.get("archived").lower() in {"true", "1"},
        target=_amount(row.get("targetvalue")) if is_amount else None,
    )


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default


def _amount(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0


def _add_marks(habit: _Habit, file: File, surroundings: Surroundings, *, column: str | None) -> None:
    """The days of a file: of a habit's own, or of its column in that of all."""
    lines = [line.split(",") for line in file.text.split("\n") if line.strip()]
    position = 1
    if column is not None:
        header = read_table(file.text, file.name, "date").header
        if column not in header:
            raise Malformed.at(file.name, 1, f"it has no column for {column!r}")
        position = header.index(column)
    for cells in lines:
        day = as_date(read_moment(cells[0], surroundings.zone), surroundings.zone)
        if day is not None and len(cells) > position:
            mark = cells[position].strip()
            if mark not in NOTHING:
                habit.marks[day] = (mark, ",".join(cells[2:]).strip(' "') if column is None else "")


def _stored(file: File) -> Iterator[_Habit]:
    try:
        with DatabaseFile(file.content) as database:
            marks: dict[Any, dict[date, tuple[str, str]]] = {}
            for row in database.all("select * from Repetitions"):
                day = datetime.fromtimestamp(row["timestamp"] / 1000, UTC).date()
                if str(row["value"]) not in NOTHING:
                    marks.setdefault(row["habit"], {})[day] = (str(row["value"]), str(row.get("notes") or ""))
            for number, row in enumerate(database.all("select * from Habits order by position"), start=1):
                yield _of_stored(row, Place(number), marks.get(row["id"], {}))
    except (sqlite3.Error, KeyError, TypeError, ValueError, OverflowError) as error:
        raise Malformed.at(file.name, 1, f"it is not a backup of Loop: {error}") from error


def _of_stored(row: Mapping[str, Any], place: Place, marks: dict[date, tuple[str, str]]) -> _Habit:
    hour, minute = row.get("reminder_hour"), row.get("reminder_min")
    return _Habit(
        place,
        str(row.get("uuid") or row["name"]),
        str(row["name"]),
        int(row.get("freq_num") or 1),
        int(row.get("freq_den") or 1),
        is_archived=bool(row.get("archived")),
        reminder=time(hour, minute or 0) if isinstance(hour, int) and 0 <= hour < 24 else None,
        target=_amount(row.get("target_value")) if row.get("type") == 1 else None,
        marks=marks,
    )

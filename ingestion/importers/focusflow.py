"""FocusFlow's own exports: JSON, and archives of CSV or Parquet tables. They bring all that an import can write."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, get_args

from focusflow.contracts.fields import Priority, TaskStatus
from ingestion.importers.engine.files import FIELD_CHARACTERS, File, Malformed, Upload, lines_of_ids, read_json
from ingestion.importers.engine.records import (
    NO,
    SURE,
    CalendarEvent,
    DayOff,
    Finding,
    Goal,
    Habit,
    HabitLog,
    Item,
    Milestone,
    Place,
    Record,
    Surroundings,
    Task,
    TimeEntry,
)

MARK, MANIFEST = '"focusflow_export"', "manifest.json"
LISTS = {"tags", "blocked_by", "attendees", "weekdays", "extra_rrules", "rdates", "exdates"}

Row = Mapping[str, Any]


def sniff(upload: Upload) -> int:
    if upload.is_archive:
        return SURE if any(file.name == MANIFEST and MARK in file.start for file in upload.files) else NO
    return SURE if MARK in upload.files[0].start[:200] else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:  # noqa: ARG001 (every format has it)
    document: Any = None if upload.is_archive else read_json(upload.files[0].text)
    lines = {} if upload.is_archive else lines_of_ids(upload.files[0].text)
    for noun, build in BUILDERS.items():
        found = _of_tables(upload, noun) if upload.is_archive else _of_document(document, lines, noun)
        for place, row in found:
            try:
                yield build(place, _Fields(row))
            except (KeyError, ValueError, TypeError) as error:
                yield Finding(place, f"it cannot be read: {error}")


def _of_tables(upload: Upload, noun: str) -> Iterator[tuple[Place, Row]]:
    for file in upload.files:
        if file.name == f"{noun}.csv":
            yield from _of_csv(file)
        elif file.name == f"{noun}.parquet":
            yield from _of_parquet(file)


def _of_document(document: Any, lines: Mapping[str, int], noun: str) -> Iterator[tuple[Place, Row]]:
    rows = document.get(noun, []) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise Malformed(f"The file holds no list of {noun}.")
    for row in rows:
        fields = row if isinstance(row, dict) else {}
        yield Place(lines.get(str(fields.get("id")), 1)), fields


def _of_csv(file: File) -> Iterator[tuple[Place, Row]]:
    csv.field_size_limit(FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(file.content.decode("utf-8-sig", "replace"), newline=""))
    line = 1
    try:
        header = next(reader, [])
        line = reader.line_num + 1
        for cells in reader:
            yield Place(line, file.name), {name: _cell(name, cell) for name, cell in zip(header, cells, strict=False)}
            line = reader.line_num + 1
    except csv.Error as error:
        raise Malformed.at(file.name, line, str(error)) from error


def _cell(name: str, text: str) -> Any:
    """A value of a CSV file. An apostrophe keeps spreadsheets from taking a text for a formula."""
    if not text:
        return None
    if name in LISTS:
        try:
            return json.loads(text)
        except ValueError:
            return text  # it is no list, which its reader says
    return text.removeprefix("'")


def _of_parquet(file: File) -> Iterator[tuple[Place, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(pa.BufferReader(file.content)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise Malformed.at(file.name, 1, f"it is not Parquet: {error}") from error
    yield from ((Place(number, file.name), row) for number, row in enumerate(rows, start=1))


class _Fields:
    """The values of a row, as the types that records have, whichever file they come from."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def text(self, name: str) -> str | None:
        value = self._row.get(name)
        return None if value is None else str(value)

    def needed(self, name: str) -> str:
        if (value := self.text(name)) is None:
            raise ValueError(f"it has no {name}")
        return value

    def choice(self, name: str, default: str, *others: str) -> Any:
        value = self.text(name) or default
        if value not in {default, *others}:
            raise ValueError(f"{name} {value!r} is not known")
        return value

    def number(self, name: str) -> float | None:
        value = self._row.get(name)
        return None if value is None else float(value)

    def whole(self, name: str) -> int | None:
        value = self._row.get(name)
        return None if value is None else int(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._row.get(name)
        return default if value is None else value in {True, "true", "True", "1"}

    def items(self, name: str) -> list[Any]:
        value = self._row.get(name) or []
        if not isinstance(value, list):
            raise TypeError(f"{name} is not a list")
        return value

    def moment(self, name: str) -> datetime | None:
        value = self._row.get(name)
        return None if value is None else as_utc(value)

    def needed_moment(self, name: str) -> datetime:
        if (value := self.moment(name)) is None:
            raise ValueError(f"it has no {name}")
        return value

    def day(self, name: str) -> date | None:
        value = self._row.get(name)
        return date.fromisoformat(value) if isinstance(value, str) else value

    def needed_day(self, name: str) -> date:
        if (value := self.day(name)) is None:
            raise ValueError(f"it has no {name}")
        return value

    def clock(self, name: str) -> time | None:
        value = self._row.get(name)
        return time.fromisoformat(value) if isinstance(value, str) else value


def _goal(place: Place, row: _Fields) -> Record:
    return Goal(
        place=place,
        source_id=row.needed("id"),
        title=row.needed("title"),
        description=row.text("description"),
        category=row.text("category"),
        horizon=row.choice("horizon", "goal", "vision"),
        start_date=row.day("start_date"),
        target_date=row.day("target_date"),
        measurement=row.choice("measurement", "percent", "number", "milestones"),
        target_value=row.number("target_value"),
        unit=(row.text("unit") or "")[:60] or None,
        current_value=row.number("current_value") or 0,
        progress=row.number("progress") or 0,
        status=row.choice("status", "active", "completed", "paused", "cancelled"),
        weekly_minutes=row.whole("weekly_minutes"),
        created_at=row.moment("created_at"),
        completed_at=row.moment("completed_at"),
    )


def _milestone(place: Place, row: _Fields) -> Record:
    return Milestone(
        place=place,
        source_id=row.needed("id"),
        goal=row.needed("goal_id"),
        title=row.needed("title"),
        order_index=row.whole("order_index") or 0,
        target_date=row.day("target_date"),
        status=row.choice("status", "pending", "completed", "skipped"),
        completed_at=row.moment("completed_at"),
    )


def _task(place: Place, row: _Fields) -> Record:
    return Task(
        place=place,
        source_id=row.needed("id"),
        title=row.needed("title"),
        description=row.text("description"),
        notes=row.text("notes"),
        priority=row.choice("priority", "medium", *get_args(Priority)),
        status=row.choice("status", "pending", *get_args(TaskStatus)),
        category=row.text("category"),
        tags=[str(each) for each in row.items("tags")],
        due=row.day("due_date") or row.moment("due_at"),
        start_at=row.moment("start_at"),
        estimated_minutes=row.whole("estimated_minutes"),
        actual_minutes=row.whole("actual_minutes"),
        created_at=row.moment("created_at"),
        completed_at=row.moment("completed_at"),
        parent=row.text("parent_task_id"),
        goal=row.text("goal_id"),
        blocked_by=[str(each) for each in row.items("blocked_by")],
        recurrence=row.text("recurrence"),
        pinned=row.flag("pinned"),
    )


def _habit(place: Place, row: _Fields) -> Record:
    return Habit(
        place=place,
        source_id=row.needed("id"),
        title=row.needed("title"),
        weekdays=[int(each) for each in row.items("weekdays")],
        times_per_week=row.whole("times_per_week"),
        start_date=row.day("start_date"),
        end_date=row.day("end_date"),
        reminder_time=row.clock("reminder_time"),
        created_at=row.moment("created_at"),
        archived_at=row.moment("archived_at"),
        is_archived=row.moment("archived_at") is not None,
    )


def _habit_log(place: Place, row: _Fields) -> Record:
    value, is_skipped = row.number("value"), row.flag("skipped")
    return HabitLog(
        place=place,
        habit=row.needed("habit_id"),
        local_date=row.needed_day("local_date"),
        value=1 if value is None else value,
        mood=row.whole("mood"),
        notes=row.text("notes"),
        skip_reason=(row.text("skip_reason") or "Skipped") if is_skipped else None,
    )


def _time_entry(place: Place, row: _Fields) -> Record:
    return TimeEntry(
        place=place,
        source_id=row.needed("id"),
        started_at=row.needed_moment("started_at"),
        ended_at=row.needed_moment("ended_at"),
        kind=row.choice("kind", "focus", "pomodoro", "manual"),
        note=row.text("note"),
        task=row.text("task_id"),
    )


def as_utc(value: datetime | str) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _calendar_event(place: Place, row: _Fields) -> Record:
    return CalendarEvent(
        place=place,
        source_id=row.needed("id"),
        title=row.needed("title"),
        start_at=row.needed_moment("start_at"),
        end_at=row.needed_moment("end_at"),
        all_day=row.flag("all_day"),
        busy=row.flag("busy", default=True),
        location=row.text("location"),
        attendees=[str(each) for each in row.items("attendees")],
        rrule=row.text("rrule"),
        extra_rrules=[str(each) for each in row.items("extra_rrules")],
        rdates=[as_utc(each) for each in row.items("rdates")],
        exdates=[as_utc(each) for each in row.items("exdates")],
        source=row.choice("source", "manual", "ics", "caldav", "google", "outlook"),
    )


def _day_off(place: Place, row: _Fields) -> Record:
    return DayOff(
        place=place,
        source_id=row.needed("id"),
        first_date=row.needed_day("first_date"),
        last_date=row.needed_day("last_date"),
        reason=row.choice("reason", "vacation", "holiday", "sick"),
    )


#: What each list of an export holds. Categories come with what is in them.
BUILDERS: Mapping[str, Callable[[Place, _Fields], Record]] = {
    "goals": _goal,
    "milestones": _milestone,
    "tasks": _task,
    "habits": _habit,
    "habit_logs": _habit_log,
    "time_entries": _time_entry,
    "calendar_events": _calendar_event,
    "days_off": _day_off,
}

"""A table for each noun, as CSV or Parquet, in one archive."""

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from focusflow.spreadsheet import FORMULA
from operational_api.exports.documents import head
from operational_api.exports.records import Records, Rows

MANIFEST = "manifest.json"

#: Columns by noun, for tables without rows have them, too.
COLUMNS: Mapping[str, Sequence[str]] = {
    "categories": ("id", "name", "color", "icon"),
    "goals": ("id", "title", "description", "category", "horizon", "start_date", "target_date", "measurement", "target_value", "unit",
              "current_value", "progress", "status", "weekly_minutes", "created_at", "completed_at"),
    "milestones": ("id", "goal_id", "title", "order_index", "target_date", "status", "completed_at"),
    "tasks": ("id", "title", "description", "notes", "priority", "status", "category", "tags", "due_at", "due_date", "start_at",
              "estimated_minutes", "actual_minutes", "completed_at", "parent_task_id", "goal_id", "recurrence", "blocked_by", "pinned",
              "created_at"),
    "habits": ("id", "title", "frequency", "weekdays", "times_per_week", "start_date", "end_date", "reminder_time", "created_at",
               "archived_at"),
    "habit_logs": ("id", "habit_id", "local_date", "value", "mood", "notes", "skipped", "skip_reason"),
    "time_entries": ("id", "task_id", "kind", "started_at", "ended_at", "note"),
    "calendar_events": ("id", "title", "start_at", "end_at", "all_day", "busy", "location", "attendees", "rrule",
                        "extra_rrules", "rdates", "exdates", "source"),
    "days_off": ("id", "first_date", "last_date", "reason"),
}  # fmt: skip


def to_csv(records: Records) -> bytes:
    return _archive(records, ".csv", _csv)


def to_parquet(records: Records) -> bytes:
    return _archive(records, ".parquet", _parquet)


def _archive(records: Records, suffix: str, write: Callable[[Rows, Sequence[str]], bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(MANIFEST, orjson.dumps(head(records)))
        for noun, rows in records.rows.items():
            archive.writestr(f"{noun}{suffix}", write(rows, COLUMNS[noun]))
    return target.getvalue()


def _csv(rows: Rows, columns: Sequence[str]) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return target.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    """A value as text. What a spreadsheet would take for a formula begins with an apostrophe, and so does what begins with one."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}" if value.startswith(("'", *FORMULA)) else value
        case datetime() | date():
            return value.isoformat()
        case list():
            return orjson.dumps(value).decode()
    return str(value)


def _parquet(rows: Rows, columns: Sequence[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array([_plain(row[name]) for row in rows], _type(pa, name)) for name in columns})
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def _plain(value: Any) -> Any:
    """Ids as text."""
    if isinstance(value, UUID):
        return str(value)
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _type(pa: Any, name: str) -> Any:
    types = {
        **dict.fromkeys(("tags", "blocked_by", "attendees", "extra_rrules"), pa.list_(pa.string())),
        **dict.fromkeys(("rdates", "exdates"), pa.list_(pa.timestamp("us", "UTC"))),
        "weekdays": pa.list_(pa.int64()),
        **dict.fromkeys(("pinned", "skipped", "all_day", "busy"), pa.bool_()),
        **dict.fromkeys(("estimated_minutes", "actual_minutes", "weekly_minutes"), pa.int64()),
        **dict.fromkeys(("order_index", "times_per_week", "mood"), pa.int64()),
        **dict.fromkeys(("target_value", "current_value", "progress", "value"), pa.float64()),
        "reminder_time": pa.time64("us"),
    }
    by_ending = {"at": pa.timestamp("us", "UTC"), "date": pa.date32()}
    return types.get(name) or by_ending.get(name.rpartition("_")[2], pa.string())

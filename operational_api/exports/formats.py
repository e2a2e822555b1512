"""The formats of exports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from operational_api.exports.documents import to_json
from operational_api.exports.icalendar import to_icalendar
from operational_api.exports.records import Records
from operational_api.exports.tables import to_csv, to_parquet
from operational_api.exports.taskwarrior import to_taskwarrior
from operational_api.exports.todo_txt import to_todo_txt

Name = Literal["json", "csv", "parquet", "todo_txt", "taskwarrior", "icalendar"]


@dataclass(frozen=True, slots=True)
class Format:
    """How records are written, and how the file is called."""

    write: Callable[[Records], bytes]
    file_name: str
    media_type: str


FORMATS: Mapping[Name, Format] = {
    "json": Format(to_json, "focusflow.json", "application/json"),
    "csv": Format(to_csv, "focusflow-csv.zip", "application/zip"),
    "parquet": Format(to_parquet, "focusflow-parquet.zip", "application/zip"),
    "todo_txt": Format(to_todo_txt, "todo.txt", "text/plain; charset=utf-8"),
    "taskwarrior": Format(to_taskwarrior, "tasks.json", "application/json"),
    "icalendar": Format(to_icalendar, "focusflow.ics", "text/calendar; charset=utf-8"),
}

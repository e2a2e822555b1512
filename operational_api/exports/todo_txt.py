"""Tasks as todo.txt, one a line."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from focusflow.clock import local_date
from operational_api.exports.records import Records

LETTERS = {"urgent": "A", "high": "B", "low": "D"}  # medium has none

#: Rules that programs of this format have a word for.
UNITS = {"DAILY": "d", "WEEKLY": "w", "MONTHLY": "m", "YEARLY": "y"}
RULE = re.compile(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;INTERVAL=(\d+))?")


def to_todo_txt(records: Records) -> bytes:
    lines = [_line(task, records.timezone) for task in records.rows["tasks"] if task["status"] != "cancelled"]
    return "".join(f"{line}\n" for line in lines).encode()


def _line(task: Mapping[str, Any], zone: str) -> str:
    return " ".join(_words(task, zone))


def _words(task: Mapping[str, Any], zone: str) -> Iterator[str]:
    letter = LETTERS.get(task["priority"])
    is_done = task["status"] in {"completed", "archived"}
    if is_done:
        yield "x"
    elif letter:
        yield f"({letter})"
    if is_done and task["completed_at"]:
        yield f"{local_date(task['completed_at'], zone)}"
    if task["completed_at"] or not is_done:  # a done line with one date has that of its completion
        yield f"{local_date(task['created_at'], zone)}"
    yield " ".join(task["title"].split())
    if task["category"]:
        yield "+" + "_".join(task["category"].split())
    yield from ("@" + "_".join(tag.split()) for tag in task["tags"])
    if due := task["due_date"] or task["due_at"]:
        yield f"due:{_day(due, zone)}"
    if task["start_at"]:
        yield f"t:{_day(task['start_at'], zone)}"
    if found := RULE.fullmatch(task["recurrence"] or ""):
        yield f"rec:{found[2] or 1}{UNITS[found[1]]}"
    if is_done and letter:
        yield f"pri:{letter}"


def _day(value: date | datetime, zone: str) -> date:
    return local_date(value, zone) if isinstance(value, datetime) else value

"""Taskwarrior: JSON of `task export`, in an array or by lines, and the database of its storage, TaskChampion."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from focusflow.contracts.fields import Priority, TaskStatus
from ingestion.importers.engine.databases import DatabaseFile, is_database
from ingestion.importers.engine.files import File, Malformed, Upload, json_items, read_json
from ingestion.importers.engine.records import NO, SURE, Finding, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import clean_rule, read_duration, read_moment, read_recurrence

PRIORITIES: dict[str, Priority] = {"H": "high", "M": "medium", "L": "low"}
NOT_TAGS = frozenset({"next"})
MIDNIGHT = re.compile(r"\d{8}T\d{6}Z")


def sniff(upload: Upload) -> int:
    file = upload.files[0]
    if is_database(file.content):
        return SURE if b"working_set" in file.content[:100_000] or b"TABLE tasks" in file.content[:100_000] else NO
    head = file.start
    return SURE if '"uuid"' in head and '"description"' in head and ('"entry"' in head or '"status"' in head) else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    entries = [entry for file in upload.files for entry in _entries(file, upload.label(file))]
    templates = {str(entry.get("uuid")): entry for _, entry in entries if entry.get("status") == "recurring"}
    newest: dict[str, str] = {}  # the open occurrence that goes on recurring, by its template
    for _, entry in entries:
        if entry.get("parent") in templates and entry.get("status") in {"pending", "waiting"}:
            other = newest.get(entry["parent"])
            if other is None or str(entry.get("due", "")) > other.partition(" ")[0]:
                newest[entry["parent"]] = f"{entry.get('due', '')} {entry.get('uuid')}"
    carriers = {line.partition(" ")[2]: parent for parent, line in newest.items()}
    for place, entry in entries:
        uuid = str(entry.get("uuid"))
        if uuid in templates and uuid in newest:
            yield Finding(place, "it is the template of a recurring task, whose occurrences are imported")
        else:
            yield from _task(place, entry, surroundings, templates.get(carriers.get(uuid, ""), entry).get("recur"))


def _entries(file: File, label: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if is_database(file.content):
        yield from _stored(file, label)
        return
    for line, entry in json_items(file.text, label):
        if not isinstance(entry, dict):
            raise Malformed.at(label, line, "it is not a task but a bare value")
        yield Place(line, label), _flat(entry)


def _stored(file: File, label: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """TaskChampion stores each task as a map of texts, with moments as seconds."""
    try:
        with DatabaseFile(file.content) as database:
            for number, row in enumerate(database.all("select uuid, data from tasks order by rowid"), start=1):
                yield Place(number, label), _flat({"uuid": row["uuid"], **read_json(row["data"], label)})
    except sqlite3.Error as error:
        raise Malformed.at(label, 1, f"it is not a database of TaskChampion: {error}") from error


def _flat(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A task with its lists as lists, however they are stored: `tag_home`, `dep_…` and `annotation_…` are keys of TaskChampion."""
    depends = entry.get("depends") or []
    tags = entry.get("tags") or []
    annotations = [each.get("description", "") for each in entry.get("annotations") or [] if isinstance(each, dict)]
    return {
        **entry,
        "depends": (depends.split(",") if isinstance(depends, str) else list(depends)) + _named(entry, "dep_"),
        "tags": (re.split(r"[,\s]+", tags) if isinstance(tags, str) else list(tags)) + _named(entry, "tag_"),
        "annotations": annotations
        + [str(value) for key, value in sorted(entry.items()) if key.startswith("annotation_")],
    }


def _named(entry: Mapping[str, Any], prefix: str) -> list[str]:
    return [key.removeprefix(prefix) for key in entry if key.startswith(prefix)]


def _task(place: Place, entry: Mapping[str, Any], surroundings: Surroundings, recur: Any) -> Iterator[Item]:
    title, status = str(entry.get("description") or "").strip(), str(entry.get("status") or "pending")
    state = entry.get("focusflow_state")
    if status == "deleted" and state not in {"archived", "cancelled"}:
        yield Finding(place, "it is deleted in Taskwarrior")
        return
    if not title or not entry.get("uuid"):
        yield Finding(place, f"it has no {'uuid' if title else 'description'}")
        return
    moments = {
        name: _moment(entry, name, surroundings)
        for name in ("entry", "modified", "start", "end", "due", "wait", "scheduled")
    }
    for name, value in moments.items():
        if value is None and entry.get(name):
            yield Finding(place, f"{name} {entry[name]!r} is not a date", "changed")
    rule = entry.get("focusflow_rule")
    recurrence = clean_rule(str(rule)) if rule else read_recurrence(str(recur)) if recur else None
    if recur and recurrence is None:
        yield Finding(place, f"the recurrence {recur!r} is not understood", "changed")
    is_done = status == "completed"
    tags = [str(tag) for tag in entry["tags"] if tag and str(tag) not in NOT_TAGS and not str(tag).isupper()]
    yield Task(
        place=place,
        source_id=str(entry["uuid"]),
        title=title,
        description=str(entry.get("focusflow_description") or "") or None,
        notes="\n".join(entry["annotations"]) or None,
        priority="urgent" if "next" in entry["tags"] else PRIORITIES.get(str(entry.get("priority") or "M"), "medium"),
        status=_status(state, is_done=is_done, is_started=moments["start"] is not None),
        category=str(entry["project"]) if entry.get("project") else None,
        tags=tags,
        due=_due(moments["due"], surroundings),
        start_at=moments["scheduled"] or moments["wait"],
        estimated_minutes=_minutes(entry.get("estimate")) or _whole(entry.get("focusflow_minutes")),
        created_at=moments["entry"],
        started_at=moments["start"],
        completed_at=(moments["end"] or moments["modified"]) if is_done else None,
        parent=str(entry.get("focusflow_parent") or "") or None,
        blocked_by=[str(each) for each in entry["depends"] if each],
        recurrence=None if is_done else recurrence,
    )


def _status(state: Any, *, is_done: bool, is_started: bool) -> TaskStatus:
    """The state of a task. What Taskwarrior has no state for is in an attribute of our exports."""
    if state in {"archived", "cancelled"}:
        return "archived" if state == "archived" else "cancelled"
    return "completed" if is_done else "in_progress" if is_started else "pending"


def _whole(value: Any) -> int | None:
    return int(value) if str(value).isdigit() else None


def _moment(entry: Mapping[str, Any], name: str, surroundings: Surroundings) -> datetime | None:
    value = read_moment(str(entry.get(name) or ""), surroundings.zone)
    return value if isinstance(value, datetime) else None


def _due(moment: datetime | None, surroundings: Surroundings) -> date | datetime | None:
    """Taskwarrior has no dates without a time: midnight, and the last second of a day, stand for the day."""
    if moment is None:
        return None
    local = moment.astimezone(surroundings.zone)
    is_day = (local.hour, local.minute, local.second) in {(0, 0, 0), (23, 59, 59)}
    return local.date() if is_day else moment


def _minutes(value: Any) -> int | None:
    duration = read_duration(str(value)) if value else None
    return round(duration.total_seconds() / 60) if duration else None

"""Google Takeout: the lists of Google Tasks, and the calendars of the same archive."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.importers import icalendar
from ingestion.importers.engine.files import File, Malformed, Upload, lines_of_ids, read_json
from ingestion.importers.engine.records import NO, SURE, Finding, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import as_date, as_moment, read_moment

MARKS = ('"tasks#taskLists"', '"tasks#tasks"', '"tasks#taskList"', '"tasks#task"')


def sniff(upload: Upload) -> int:
    return SURE if any(_is_tasks(file) for file in upload.files) else NO


def _is_tasks(file: File) -> bool:
    return file.has_suffix(".json") and any(mark in file.start for mark in MARKS)


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in filter(_is_tasks, upload.files):
        label = upload.label(file)
        document = read_json(file.text, label)
        lists = document.get("items") if isinstance(document, dict) else None
        if not isinstance(lists, list):
            raise Malformed.at(label, 1, "it holds no lists of tasks")
        if document.get("kind") == "tasks#tasks":
            lists = [document]
        lines = lines_of_ids(file.text)
        for each in lists:
            if isinstance(each, dict):
                for entry in each.get("items") or []:
                    if isinstance(entry, dict):
                        yield _task(
                            entry,
                            str(each.get("title") or ""),
                            Place(lines.get(str(entry.get("id")), 1), label),
                            surroundings,
                        )
    if icalendar.sniff(upload):
        yield from icalendar.read(upload, surroundings)


def _task(entry: Mapping[str, Any], list_name: str, place: Place, surroundings: Surroundings) -> Item:
    here = surroundings.zone
    if entry.get("deleted"):
        return Finding(place, "it is deleted in Google Tasks")
    is_done = entry.get("status") == "completed"
    completed = as_moment(read_moment(str(entry.get("completed") or entry.get("updated") or ""), here), here)
    return Task(
        place=place,
        source_id=str(entry.get("id") or entry.get("title")),
        title=str(entry.get("title") or ""),
        description=str(entry.get("notes") or "") or None,
        status="completed" if is_done else "pending",
        category=list_name or None,
        due=as_date(read_moment(str(entry.get("due") or "").partition("T")[0], here), here),
        created_at=as_moment(read_moment(str(entry.get("created") or entry.get("updated") or ""), here), here),
        completed_at=completed if is_done else None,
        parent=str(entry["parent"]) if entry.get("parent") else None,
    )

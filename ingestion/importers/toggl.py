"""Toggl Track: the detailed report as CSV, in its old and its new columns, and time entries of its API as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ingestion.importers.engine.files import Upload, json_items
from ingestion.importers.engine.records import LIKELY, NO, SURE, Finding, Item, Place, Surroundings, TimeEntry
from ingestion.importers.engine.time_tables import columns_of, read_time_table
from ingestion.importers.engine.values import read_moment


def sniff(upload: Upload) -> int:
    if _is_json(upload):
        head = upload.files[0].start
        return SURE if '"stop"' in head and '"start"' in head and '"duration"' in head else NO
    keys = columns_of(upload)
    if not {"startdate", "starttime", "duration"} <= keys:
        return NO
    return SURE if {"user", "member", "stopdate", "enddate", "email"} & keys else LIKELY


def _is_json(upload: Upload) -> bool:
    return bool(upload.files) and upload.files[0].start.lstrip().startswith("[")


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    if not _is_json(upload):
        yield from read_time_table(upload, surroundings, "startdate", "starttime")
        return
    for file in upload.files:
        for line, entry in json_items(file.text, upload.label(file)):
            yield _entry(entry, Place(line, upload.label(file)))


def _entry(entry: object, place: Place) -> Item:
    if not isinstance(entry, dict):
        return Finding(place, "it is not a time entry")
    start, stop = (read_moment(str(entry.get(name) or ""), UTC) for name in ("start", "stop"))
    if not isinstance(start, datetime) or not isinstance(stop, datetime):
        return Finding(place, "it has no start or no end: it may be running still")
    project = str(entry.get("project_name") or entry.get("project") or "")
    return TimeEntry(
        place=place,
        source_id=str(entry.get("id") or start.isoformat()),
        started_at=start,
        ended_at=stop,
        kind="focus",
        note=str(entry.get("description") or "") or None,
        project=project or None,
    )

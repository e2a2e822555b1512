"""WakaTime and Wakapi: heartbeats, durations, or the totals of days by project, as JSON."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ingestion.importers.engine.day_totals import NO_TIME_OF_DAY, spread
from ingestion.importers.engine.files import Malformed, Upload, read_json
from ingestion.importers.engine.records import LIKELY, NO, SURE, Finding, Item, Place, Surroundings, TimeEntry
from ingestion.importers.engine.values import as_date, as_moment, read_moment

#: As both count: what lies between two heartbeats counts, unless it is longer.
TIMEOUT = timedelta(minutes=15)
LONGEST = timedelta(hours=23)
UNKNOWN = "Unknown Project"


def sniff(upload: Upload) -> int:
    head = upload.files[0].start
    is_summary = '"grand_total"' in head or ('"key"' in head and '"total"' in head and '"languages"' in head)
    if '"heartbeats"' in head or (is_summary and '"projects"' in head):
        return SURE
    is_beat = '"entity"' in head and '"time"' in head and '"project"' in head
    is_duration = '"duration"' in head and '"time"' in head and '"project"' in head
    return LIKELY if is_beat or is_duration else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        label = upload.label(file)
        document = read_json(file.text, label)
        days = _objects(document)
        if not days:
            raise Malformed.at(label, 1, "it holds neither days nor heartbeats")
        beats = [beat for day in days for beat in _list(day.get("heartbeats"))] + [
            day for day in days if "entity" in day
        ]
        yield from _of_heartbeats(beats, label)
        for day in days:
            if "duration" in day and "time" in day:
                yield from _of_duration(day, label)
        totals = [day for day in days if not day.get("heartbeats") and _list(day.get("projects"))]
        if totals:
            yield Finding(Place(1, label), NO_TIME_OF_DAY, "changed")
            for day in totals:
                yield from _of_totals(day, label, surroundings)


def _objects(document: Any) -> list[Mapping[str, Any]]:
    """The days, heartbeats or durations of a document, wherever they are in it."""
    if isinstance(document, list):
        return _list(document)
    if not isinstance(document, dict):
        return []
    for name in ("days", "data", "heartbeats", "durations", "summaries"):
        if isinstance(document.get(name), list):
            return _list(document[name])
    return [document] if _list(document.get("projects")) else []


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _of_heartbeats(beats: list[Mapping[str, Any]], label: str) -> Iterator[Item]:
    """Stretches in which one project was worked on."""
    moments = sorted(
        (found, str(beat.get("project") or UNKNOWN))
        for beat in beats
        if (found := _moment(beat.get("time") or beat.get("created_at")))
    )
    if len(moments) < len(beats):
        yield Finding(Place(1, label), f"{len(beats) - len(moments)} heartbeats have no time")
    start: datetime | None = None
    for (at, project), (following, next_project) in zip(moments, [*moments[1:], (None, "")], strict=bool(moments)):
        start = start or at
        has_gap = following is None or following - at > TIMEOUT
        if has_gap or next_project != project or (following is not None and following - start > LONGEST):
            end = at if following is None or has_gap else following
            if end > start:
                yield _entry(label, project, start, end)
            start = None


def _of_duration(entry: Mapping[str, Any], label: str) -> Iterator[Item]:
    start, seconds = _moment(entry.get("time")), entry.get("duration")
    if start is None or not isinstance(seconds, int | float):
        yield Finding(Place(1, label), f"a duration of {entry.get('project')!r} has no time")
    elif 0 < seconds < 1e7:
        yield _entry(label, str(entry.get("project") or UNKNOWN), start, start + timedelta(seconds=seconds))


def _of_totals(day: Mapping[str, Any], label: str, surroundings: Surroundings) -> Iterator[Item]:
    given = day.get("range")
    span: Mapping[str, Any] = given if isinstance(given, dict) else {}
    text = str(day.get("date") or span.get("date") or span.get("start") or day.get("from") or "")
    that_day = as_date(read_moment(text, surroundings.zone), surroundings.zone)
    if that_day is None:
        yield Finding(Place(1, label), f"the day {text!r} is not a date")
        return
    parts = [(str(each.get("name") or each.get("key") or UNKNOWN), _total(each)) for each in _list(day.get("projects"))]
    for project, start, end in spread(that_day, parts, surroundings.zone):
        yield _entry(label, project, start, end, day=that_day)


def _total(project: Mapping[str, Any]) -> timedelta:
    inner = project.get("grand_total")
    seconds = (inner if isinstance(inner, dict) else project).get("total_seconds", project.get("total", 0))
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) and 0 < seconds < 1e6 else timedelta()


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int | float) and 0 < value < 1e10:
        return datetime.fromtimestamp(value, UTC)
    return as_moment(read_moment(str(value or ""), UTC), UTC)


def _entry(label: str, project: str, start: datetime, end: datetime, day: date | None = None) -> TimeEntry:
    return TimeEntry(
        place=Place(1, label),
        source_id=f"{project}|{day or start.isoformat()}",
        started_at=start,
        ended_at=end,
        kind="focus",
        project=project,
    )

"""Habitica: user data as JSON, and the history of tasks as CSV."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from focusflow.contracts.fields import Priority
from ingestion.importers.engine.files import File, Malformed, Upload, read_json, read_table
from ingestion.importers.engine.records import NO, SURE, Finding, Habit, HabitLog, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import as_date, as_moment, read_moment

WEEKDAYS = ("m", "t", "w", "th", "f", "s", "su")
PRIORITIES: dict[float, Priority] = {0.1: "low", 1: "medium", 1.5: "high", 2: "urgent"}
COLUMNS = ("taskname", "taskid", "tasktype", "date", "value")


def sniff(upload: Upload) -> int:
    head = upload.files[0].text[:2_000_000]
    return SURE if ('"dailys"' in head and '"todos"' in head) or _is_history(head) else NO


def _is_history(text: str) -> bool:
    return "tasknametaskidtasktypedatevalue" in text.partition("\n")[0].lower().replace(" ", "").replace(
        ",", ""
    ).replace('"', "")


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        label = upload.label(file)
        yield from (
            _history(file, label, surroundings) if _is_history(file.text) else _account(file, label, surroundings)
        )


def _account(file: File, label: str, surroundings: Surroundings) -> Iterator[Item]:
    document = read_json(file.text, label)
    tasks = document.get("tasks") if isinstance(document, dict) else None
    if not isinstance(tasks, dict):
        raise Malformed.at(label, 1, "it holds no tasks")
    tags = {
        str(tag.get("id")): str(tag.get("name") or "") for tag in document.get("tags") or [] if isinstance(tag, dict)
    }
    place = Place(1, label)
    for todo in _objects(tasks.get("todos")):
        yield _todo(todo, tags, place, surroundings)
    for kind in ("dailys", "habits"):
        for entry in _objects(tasks.get(kind)):
            yield from _habit(entry, kind, place, surroundings)
    if rewards := len(_objects(tasks.get("rewards"))):
        yield Finding(place, f"{rewards} rewards have nothing like them here")


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _id(entry: Mapping[str, Any]) -> str:
    return str(entry.get("_id") or entry.get("id") or entry.get("text"))


def _todo(todo: Mapping[str, Any], tags: Mapping[str, str], place: Place, surroundings: Surroundings) -> Item:
    here = surroundings.zone
    boxes = [
        f"- [{'x' if box.get('completed') else ' '}] {box.get('text', '')}" for box in _objects(todo.get("checklist"))
    ]
    is_done = bool(todo.get("completed"))
    return Task(
        place=place,
        source_id=_id(todo),
        title=str(todo.get("text") or ""),
        description="\n".join(filter(None, (str(todo.get("notes") or ""), *boxes))) or None,
        priority=PRIORITIES.get(todo.get("priority", 1), "medium"),
        status="completed" if is_done else "pending",
        tags=[name for tag in todo.get("tags") or [] if (name := tags.get(str(tag), ""))],
        due=as_date(read_moment(str(todo.get("date") or ""), here), here),
        created_at=as_moment(read_moment(str(todo.get("createdAt") or ""), here), here),
        completed_at=as_moment(read_moment(str(todo.get("dateCompleted") or ""), here), here) if is_done else None,
    )


def _habit(entry: Mapping[str, Any], kind: str, place: Place, surroundings: Surroundings) -> Iterator[Item]:
    """A daily task has its weekdays; a habit with plus and minus is one of every day, or of once a week."""
    here, title = surroundings.zone, str(entry.get("text") or "")
    repeat, frequency = entry.get("repeat"), entry.get("frequency") or "daily"
    weekdays = [number for number, name in enumerate(WEEKDAYS) if isinstance(repeat, dict) and repeat.get(name)]
    every = entry.get("everyX") if isinstance(entry.get("everyX"), int) else 1
    is_by_week = kind == "dailys" and frequency == "weekly"
    if kind == "dailys" and (frequency in {"monthly", "yearly"} or (every or 1) > 1):
        yield Finding(place, f"{title!r} repeats every {every} {frequency}: it is imported as once a week", "changed")
        times: int | None = 1
    else:
        times = 1 if kind == "habits" and frequency != "daily" else None
    yield Habit(
        place=place,
        source_id=_id(entry),
        title=title,
        weekdays=weekdays if is_by_week and times is None else [],
        times_per_week=times,
        start_date=as_date(read_moment(str(entry.get("startDate") or ""), here), here),
        created_at=as_moment(read_moment(str(entry.get("createdAt") or ""), here), here),
    )
    days: dict[date, None] = {}
    last = 0.0
    for moment in _objects(entry.get("history")):
        day = as_date(read_moment(str(moment.get("date") or ""), here), here)
        value = moment.get("value") if isinstance(moment.get("value"), int | float) else last
        known = moment.get("completed", moment.get("scoredUp"))
        if day is not None and (bool(known) if known is not None else (value or 0) > last):
            days[day] = None
        last = value or 0
    for day in days:
        yield HabitLog(place=place, habit=_id(entry), local_date=day)


def _history(file: File, label: str, surroundings: Surroundings) -> Iterator[Item]:
    """A row for each change of a task's value. Where it has grown, the task was done."""
    here = surroundings.zone
    last: dict[str, float] = {}
    seen: dict[str, set[date]] = {}
    for row in read_table(file.text, label, *COLUMNS).rows:
        place, key = Place(row.line, label), row.get("taskid") or row.get("taskname")
        day = as_date(read_moment(row.get("date"), here), here)
        try:
            value = float(row.get("value"))
        except ValueError:
            value = float("nan")
        if row.get("tasktype") == "todo":
            continue
        if day is None or value != value:  # noqa: PLR0124 (not a number)
            yield Finding(place, f"{row.get('date')!r}, {row.get('value')!r} are not a date and a value")
            continue
        if key not in seen:
            seen[key] = set()
            yield Habit(place=place, source_id=key, title=row.get("taskname"), start_date=day)
        if value > last.get(key, 0) and day not in seen[key]:
            seen[key].add(day)
            yield HabitLog(place=place, habit=key, local_date=day)
        last[key] = value

"""Todoist: project templates as CSV, alone or as a backup's archive, and JSON of its API, with completed items where they are in it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from focusflow.contracts.fields import Priority
from focusflow.recurrence import starts_on_rule
from ingestion.importers.engine.files import (
    File,
    Malformed,
    Row,
    Upload,
    json_items,
    lines_of_ids,
    read_json,
    read_table,
)
from ingestion.importers.engine.identities import Identities
from ingestion.importers.engine.records import LIKELY, NO, SURE, Finding, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import (
    as_date,
    as_moment,
    in_english,
    read_clock,
    read_moment,
    read_recurrence,
    read_zone,
)

#: In a CSV file 1 is the highest priority; in the API 4 is.
CSV_PRIORITIES: dict[str, Priority] = {"1": "urgent", "2": "high", "3": "medium", "4": "low"}
API_PRIORITIES: dict[str, Priority] = {"4": "urgent", "3": "high", "2": "medium", "1": "low"}

#: `Work [2203306141].csv` of a backup.
FILE_NAME = re.compile(r"\s*\[\d+\]$")
CSV_LABEL = re.compile(r"(?:^|(?<=\s))@([^\s@]+)")


def sniff(upload: Upload) -> int:
    if any(_is_csv(file) for file in upload.files):
        return SURE
    head = "".join(file.start for file in upload.files if file.has_suffix(".json"))
    if '"content"' not in head:
        return NO
    marks = (
        "project_id",
        "projectId",
        "is_recurring",
        "isRecurring",
        "sync_token",
        "date_string",
        "section_id",
        "completed_at",
        "added_at",
    )
    seen = sum(f'"{mark}"' in head for mark in marks)
    return SURE if seen > 1 else LIKELY if seen else NO


def _is_csv(file: File) -> bool:
    return re.match(r'"?TYPE"?\s*[,;\t]\s*"?CONTENT"?', file.start.lstrip("\ufeff"), re.IGNORECASE) is not None


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    tables = [file for file in upload.files if _is_csv(file)]
    for file in tables:
        yield from _Project(file, upload.label(file), surroundings).items()
    documents = [file for file in upload.files if file.has_suffix(".json") or (not tables and not upload.is_archive)]
    if documents:
        yield from _Backup(upload, documents, surroundings).items()
    elif not tables:
        raise Malformed("The file holds no project of Todoist: neither a CSV template nor JSON.")


class _Project:
    """A CSV template: rows in order, in which an indent makes a subtask, and a note belongs to the task before it."""

    def __init__(self, file: File, label: str, surroundings: Surroundings) -> None:
        self._file, self._label, self._surroundings = file, label, surroundings
        self._name = FILE_NAME.sub("", file.stem).strip()
        self._ids = Identities()

    def items(self) -> Iterator[Item]:
        above: list[Task] = []
        tasks: list[Item] = []
        last: Task | None = None
        for row in read_table(self._file.text, self._label, "type", "content").rows:
            place, kind, content = Place(row.line, self._label), row.get("type").lower(), row.get("content")
            if kind == "task":
                level = _level(row.get("indent"))
                del above[level - 1 :]
                last = None
                for item in self._task(row, place, above[-1] if above else None):
                    tasks.append(item)
                    if isinstance(item, Task):
                        last = item
                        above.append(item)
            elif kind in {"note", "comment"} and content and last is not None:
                last.notes = f"{last.notes}\n\n{content}" if last.notes else content
            elif kind == "section":
                above.clear()
                last = None
            elif kind not in {"", "meta"} and content:
                tasks.append(Finding(place, f"a row of the type {kind!r} is not known"))
        yield from tasks

    def _task(self, row: Row, place: Place, parent: Task | None) -> Iterator[Item]:
        content = row.get("content").removeprefix("* ").strip()
        tags = CSV_LABEL.findall(content)
        title = " ".join(CSV_LABEL.sub("", content).split()) or content
        if not title:
            yield Finding(place, "it has no content")
            return
        task = Task(
            place=place,
            source_id=self._ids.of(self._name, parent.source_id if parent else "", title),
            title=title,
            description=row.get("description") or None,
            priority=CSV_PRIORITIES.get(row.get("priority"), "low"),
            category=None if self._name.lower() in {"inbox", ""} else self._name,
            tags=tags,
            parent=parent.source_id if parent else None,
            estimated_minutes=_minutes(row.get("duration"), row.get("durationunit")),
        )
        if words := row.get("date"):
            yield from self._set_due(task, words, row.get("timezone"))
        if (deadline := row.get("deadline")) and task.due is None:
            task.due = read_moment(deadline, self._surroundings.zone)
        yield task

    def _set_due(self, task: Task, words: str, zone_name: str) -> Iterator[Finding]:
        here = read_zone(zone_name) or self._surroundings.zone
        task.due = read_moment(words, here)
        if task.due is None:
            task.due, task.recurrence = read_due_words(words, here, self._surroundings.now)
        if task.due is None and task.recurrence is None:
            yield Finding(task.place, f"the date {words!r} is not understood", "changed")


def _level(text: str) -> int:
    return int(text) if text.isdigit() and int(text) > 0 else 1


def _minutes(amount: str, unit: str) -> int | None:
    try:
        value = float(amount)
    except ValueError:
        return None
    return round(value * (1440 if unit.lower().startswith("day") else 1)) or None


def read_due_words(words: str, here: Any, now: datetime) -> tuple[date | datetime | None, str | None]:
    """A due date in words, and its recurrence. A year that is left out is the present one; relative days are taken from the import.

    >>> from datetime import UTC
    >>> read_due_words("every mon 9am", UTC, datetime(2026, 3, 1, tzinfo=UTC))
    (datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.timezone.utc), 'FREQ=WEEKLY;BYDAY=MO')
    >>> read_due_words("every 2 weeks starting 5 Oct 2026", UTC, datetime(2026, 3, 1, tzinfo=UTC))
    (datetime.date(2026, 10, 5), 'FREQ=WEEKLY;INTERVAL=2')
    >>> read_due_words("5 Jan", UTC, datetime(2026, 3, 1, tzinfo=UTC))
    (datetime.date(2026, 1, 5), None)
    """
    words = in_english(words)
    if (
        rule := read_recurrence(words)
        if re.match(r"ev|each|daily|weekly|monthly|yearly|quarterly", words.strip().lower())
        else None
    ):
        return _first_due(words, rule, here, now), rule
    if found_date := read_moment(words, here):
        return found_date, None
    today = now.astimezone(here).date()
    relative = {"today": 0, "tod": 0, "tomorrow": 1, "tom": 1, "yesterday": -1}
    first, _, rest = words.strip().lower().partition(" ")
    if first in relative:
        day = date.fromordinal(today.toordinal() + relative[first])
        at = rest.removeprefix("at ").strip()
        clock = read_clock(f"{at}:00" if at.isdigit() else at)
        return (datetime.combine(day, clock, tzinfo=here) if clock else day), None
    if found := re.fullmatch(
        r"(\d{1,2}\.?\s+[^\W\d_]{3,}\.?|[^\W\d_]{3,}\.?\s+\d{1,2})(\s+(?:at\s+|@\s*)?\d{1,2}.*)?", words.strip()
    ):
        return read_moment(f"{found[1]} {today.year}{found[2] or ''}", here), None
    return None, None


STARTING = re.compile(r"\b(?:starting|from)\s+(.+?)(?=\s+(?:until|ending|at)\b|$)")
CLOCK_AT_THE_END = re.compile(
    r"\s(?:at\s+)?(\d{1,2}(?::\d{2})?\s*[ap]m|\d{1,2}:\d{2})(?=\s+(?:starting|from|until|ending)\b|$)"
)

#: So many days are looked through for the first one of a rule.
DAYS_AHEAD = 400


def _first_due(words: str, rule: str, here: Any, now: datetime) -> date | datetime | None:
    """The first day of a rule from where the words have it start, or from the import on; at the time that they name.

    Words that name neither are of the day of the import: which day was next when the file was written, it does not say.
    """
    words = words.lower()
    named, clock = STARTING.search(words), CLOCK_AT_THE_END.search(words)
    if named is None and clock is None:
        return None
    text = named[1] if named else ""
    begin = read_moment(text, here) or read_moment(f"{text} {now.astimezone(here).year}", here)
    if named is not None and begin is None:
        return None
    first = as_date(begin, here) or now.astimezone(here).date()
    at = read_clock(clock[1]) if clock else None
    days = (first + timedelta(days=number) for number in range(DAYS_AHEAD))
    day = next((each for each in days if starts_on_rule(rule, datetime.combine(each, time()))), first)
    return datetime.combine(day, at, tzinfo=here) if at else day


class _Backup:
    """JSON in the shapes of Todoist's API: a whole account, lists of tasks, lists of completed items; or several such files."""

    def __init__(self, upload: Upload, files: list[File], surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._tasks: list[tuple[Place, Mapping[str, Any]]] = []
        self._names: dict[str, dict[str, str]] = {"projects": {}, "labels": {}}
        self._notes: dict[str, list[str]] = {}
        for file in files:
            self._take(file, upload.label(file))

    def _take(self, file: File, label: str) -> None:
        if file.text.lstrip().startswith("["):
            entries = [entry for entry in json_items(file.text, label) if isinstance(entry[1], dict)]
            self._sort_out([(Place(line, label), entry) for line, entry in entries])
            return
        document = read_json(file.text, label)
        if not isinstance(document, dict):
            raise Malformed.at(label, 1, "it holds neither an object nor a list")
        lines = lines_of_ids(file.text)
        for found in (document, document.get("data"), document.get("completed")):
            if isinstance(found, dict):
                self._take_document(found, lines, label)

    def _take_document(self, document: Mapping[str, Any], lines: Mapping[str, int], label: str) -> None:
        for kind, names in self._names.items():
            for entry in _entries(document.get(kind)):
                names[str(entry.get("id"))] = str(entry.get("name", ""))
        for note in _entries(document.get("notes")) + _entries(document.get("comments")):
            self._add_note(note)
        for kind in ("items", "tasks", "results", "completed", "completed_items", "completedItems", "archived_items"):
            entries = (
                _entries(document.get(kind)) if not isinstance(document.get(kind), dict) or kind != "completed" else []
            )
            for entry in entries:
                self._tasks.append((Place(lines.get(str(entry.get("id")), 1), label), entry))

    def _sort_out(self, entries: list[tuple[Place, Mapping[str, Any]]]) -> None:
        """An array may hold tasks, or projects, labels or comments of a file of its own."""
        for place, entry in entries:
            if "name" in entry and "content" not in entry:
                kind = "labels" if "item_order" in entry else "projects"
                self._names[kind][str(entry.get("id"))] = str(entry["name"])
            elif "item_id" in entry or ("task_id" in entry and "posted_at" in entry):
                self._add_note(entry)
            else:
                self._tasks.append((place, entry))

    def _add_note(self, note: Mapping[str, Any]) -> None:
        if note.get("content") and not note.get("is_deleted"):
            task_id = str(note.get("item_id") or note.get("task_id") or "")
            self._notes.setdefault(task_id, []).append(str(note["content"]))

    def items(self) -> Iterator[Item]:
        seen: dict[str, Task] = {}
        for place, entry in self._tasks:
            for item in self._task(place, entry):
                if not isinstance(item, Task):
                    yield item
                    continue
                known = seen.get(item.source_id)
                if known is None:
                    seen[item.source_id] = item
                elif item.completed_at and not known.completed_at:  # it is in the list of completed items, too
                    known.status, known.completed_at = "completed", item.completed_at
        yield from seen.values()

    def _task(self, place: Place, entry: Mapping[str, Any]) -> Iterator[Item]:
        inner = entry.get("item_object") or {}
        entry = {**inner, **{name: value for name, value in entry.items() if value is not None}}
        title = str(entry.get("content") or "").strip()
        if entry.get("is_deleted"):
            yield Finding(place, "it is deleted in Todoist")
            return
        if not title:
            yield Finding(place, "it has no content")
            return
        here = self._surroundings.zone

        def moment(*names: str) -> datetime | None:
            text = next((str(entry[name]) for name in names if entry.get(name)), "")
            return as_moment(read_api_moment(text, here), here)

        completed = moment("completed_at", "completedAt", "completed_date", "date_completed")
        is_done = bool(completed or entry.get("checked") or entry.get("is_completed") or entry.get("isCompleted"))
        base = str(entry.get("task_id") or entry.get("id") or f"{title} {completed}")
        due, recurrence, remark = self._due(entry)
        # what recurs is completed again and again under one id
        source_id = f"{base} {completed.date()}" if completed and recurrence else base
        if remark:
            yield Finding(place, remark, "changed")
        labels = entry.get("labels") or []
        content_tags = [self._names["labels"].get(str(label), str(label)) for label in labels]
        project = self._names["projects"].get(str(entry.get("project_id") or entry.get("projectId") or ""), "")
        parent = entry.get("parent_id") or entry.get("parentId")
        duration = entry.get("duration") or {}
        yield Task(
            place=place,
            source_id=source_id,
            title=" ".join(CSV_LABEL.sub("", title).split()) or title
            if not labels and "meta_data" in entry
            else title.removeprefix("* "),
            description=str(entry.get("description") or "") or None,
            notes="\n\n".join(self._notes.get(base, [])) or None,
            priority=API_PRIORITIES.get(str(entry.get("priority", 1)), "low"),
            status="completed" if is_done else "pending",
            category=None if project.lower() in {"inbox", ""} else project,
            tags=content_tags,
            due=due,
            recurrence=None if is_done else recurrence,
            estimated_minutes=_minutes(str(duration.get("amount", "")), str(duration.get("unit", "")))
            if isinstance(duration, dict)
            else None,
            created_at=moment("added_at", "date_added", "created_at", "addedAt", "createdAt"),
            completed_at=completed,
            parent=str(parent) if parent and str(parent) != "0" else None,
        )

    def _due(self, entry: Mapping[str, Any]) -> tuple[date | datetime | None, str | None, str | None]:
        """The due date, the recurrence, and what could not be understood of it."""
        due, here = entry.get("due"), self._surroundings.zone
        if not isinstance(due, dict):
            due = {
                "date": entry.get("due_date_utc") or entry.get("due_date") or "",
                "string": entry.get("date_string") or "",
            }
        where = read_zone(str(due.get("timezone") or "")) or here
        value = read_api_moment(str(due.get("datetime") or due.get("date") or ""), where)
        if value is None and isinstance(deadline := entry.get("deadline"), dict):
            value = read_api_moment(str(deadline.get("date") or ""), here)
        words = str(due.get("string") or "")
        is_recurring = due.get("is_recurring", due.get("isRecurring", words.lower().startswith("ev")))
        recurrence = read_recurrence(in_english(words)) if is_recurring else None
        remark = f"the recurrence {words!r} is not understood" if is_recurring and recurrence is None else None
        return value, recurrence, remark


RFC_2822 = re.compile(r"\w{3} (\d{2} )?(\w{3}) (\d{1,2} )?(\d{4} )?(\d{2}:\d{2}:\d{2}) ([+-]\d{4})( \d{4})?")


def read_api_moment(text: str, here: Any) -> datetime | date | None:
    """A moment of the API, also in its old form `Mon 08 Aug 2016 09:17:09 +0000`.

    >>> from datetime import UTC
    >>> read_api_moment("Mon 08 Aug 2016 09:17:09 +0000", UTC)
    datetime.datetime(2016, 8, 8, 9, 17, 9, tzinfo=datetime.timezone.utc)
    """
    text = text.strip()
    return read_moment(text, here) or read_moment(re.sub(r"^\w{3},?\s+", "", text), here)


def _entries(value: Any) -> list[Mapping[str, Any]]:
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [entry for entry in found if isinstance(entry, dict)]

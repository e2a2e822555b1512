"""Any CSV file with tasks or with time. What its columns mean is guessed from their names, shown, and can be set by hand."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from focusflow.contracts.fields import TaskStatus
from focusflow.errors import Invalid
from ingestion.importers.engine.day_totals import NO_TIME_OF_DAY, spread
from ingestion.importers.engine.files import Malformed, Row, Table, Upload, key_of, read_table
from ingestion.importers.engine.identities import Identities
from ingestion.importers.engine.records import NO, PERHAPS, Finding, Item, Place, Surroundings, Task, TimeEntry
from ingestion.importers.engine.time_tables import START_DATE, START_TIME, read_time_table
from ingestion.importers.engine.values import (
    PRIORITIES,
    DateOrder,
    as_date,
    as_moment,
    clean_rule,
    date_order,
    read_duration,
    read_moment,
    read_recurrence,
)

#: The fields, and the names of columns that mean them. Earlier names win.
NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "taskname", "cardname", "task", "name", "summary", "subject", "content", "todo", "titel", "aufgabe", "betreff", "bezeichnung",
              "titre", "tâche", "tarea", "título", "nombre", "tarefa", "nome", "titolo", "attività", "titel", "taak", "задача", "название",
              "任务", "标题", "タイトル", "件名"),
    "description": ("description", "details", "body", "beschreibung", "descripción", "descrição", "descrizione", "описание", "描述"),
    "notes": ("notes", "note", "comment", "comments", "notizen", "notiz", "kommentar", "notas", "remarques"),
    "status": ("status", "state", "zustand", "estado", "statut", "stato", "статус", "状态"),
    "completed": ("completed", "done", "isdone", "iscompleted", "finished", "checked", "duecomplete", "erledigt", "abgeschlossen", "terminé", "completada"),
    "completed_at": ("completedat", "completeddate", "datecompleted", "completedon", "completiondate", "completedtime", "finishedat", "doneat",
                     "closedat", "resolved", "resolutiondate", "erledigtam", "abgeschlossenam", "datedefin", "completadael"),
    "created_at": ("createdat", "created", "createddate", "datecreated", "creationdate", "createdtime", "addedat", "added", "dateadded",
                   "erstelltam", "erstellt", "créele", "creado"),
    "due": ("due", "duedate", "deadline", "dueon", "dueat", "duedatetime", "fällig", "fälligam", "fälligkeit", "fälligkeitsdatum", "frist",
            "échéance", "datedéchéance", "vencimiento", "fechadevencimiento", "prazo", "scadenza", "срок", "截止日期", "期限"),
    "start": ("startdate", "start", "startat", "startedat", "starttime", "begin", "from", "beginn", "startzeit", "début", "inicio", "início"),
    "end": ("end", "enddate", "endat", "endedat", "endtime", "stop", "stoptime", "to", "until", "ende", "endzeit", "fin"),
    "duration": ("duration", "hours", "timespent", "dauer", "stunden", "durée", "duración", "duração"),
    "priority": ("priority", "prio", "importance", "priorität", "wichtigkeit", "priorité", "prioridad", "prioridade", "priorità"),
    "category": ("category", "project", "list", "listname", "folder", "area", "kategorie", "projekt", "liste", "catégorie", "projet",
                 "categoría", "proyecto", "categoria", "projeto", "progetto", "проект", "分类", "项目"),
    "tags": ("tags", "tag", "labels", "label", "contexts", "context", "keywords", "schlagwörter", "étiquettes", "etiquetas"),
    "estimated_minutes": ("estimatedminutes", "estimate", "estimation", "estimatedtime", "schätzung", "aufwand"),
    "recurrence": ("recurrence", "repeat", "rrule", "recurring", "wiederholung", "répétition"),
    "id": ("id", "uuid", "uid", "taskid", "key", "guid"),
    "parent": ("parent", "parentid", "parenttask", "parenttaskid", "übergeordnet"),
}  # fmt: skip

STATUSES: Mapping[str, TaskStatus] = {
    **dict.fromkeys(("done", "completed", "complete", "closed", "finished", "x", "yes", "true", "1", "resolved", "checked", "✓", "✔",
                     "erledigt", "abgeschlossen", "ja", "terminé", "oui", "hecho", "sí", "concluído", "sim", "готово", "да", "完成"), "completed"),
    **dict.fromkeys(("in progress", "in_progress", "doing", "started", "active", "wip", "in arbeit", "en cours", "en curso"), "in_progress"),
    **dict.fromkeys(("cancelled", "canceled", "won't do", "wontfix", "abgebrochen", "annulé", "cancelado"), "cancelled"),
    **dict.fromkeys(("archived", "archiviert", "archivé", "archivado"), "archived"),
}  # fmt: skip


#: Fields that time does not have.
TASKS_ONLY = frozenset({"due", "status", "completed", "completed_at", "priority"})


class UnknownColumn(Invalid):
    """A column of the mapping is not in the file, or its meaning is not known."""


def sniff(upload: Upload) -> int:
    if upload.is_archive:
        return NO
    (file,) = upload.files
    head = file.start.partition("\n")[0]
    is_table = file.has_suffix(".csv", ".tsv") or (
        len(re.findall(r"[,;\t]", head)) > 1 and not head.lstrip().startswith(("{", "["))
    )
    return PERHAPS if is_table and guess_columns(upload) else NO


def guess_columns(upload: Upload) -> Mapping[str, str]:
    """Which column is which field, by the names of the columns; empty where it is no table with titles or with time."""
    try:
        table = read_table(upload.files[0].text)
    except Malformed:
        return {}
    found: dict[str, str] = {}
    keys = {key_of(name): name for name in reversed(table.header) if key_of(name)}
    for field, names in NAMES.items():
        column = next((keys[name] for name in names if name in keys and keys[name] not in found.values()), None)
        if column is not None:
            found[field] = column
    if "due" not in found and not _is_time(found) and "date" in keys and keys["date"] not in found.values():
        is_time = "duration" in found and not {"start", *TASKS_ONLY} & found.keys()
        found["start" if is_time else "due"] = keys["date"]
    return found if "title" in found or _is_time(found) else {}


def other_columns(upload: Upload, columns: Mapping[str, str]) -> list[str]:
    """The columns that are taken for nothing."""
    try:
        header = read_table(upload.files[0].text).header
    except Malformed:
        return []
    taken = {key_of(name) for name in columns.values()}
    return [name for name in header if name.strip() and key_of(name) not in taken]


def _is_time(columns: Mapping[str, str]) -> bool:
    """A start with an end or a duration is time spent; what may be due or done is a task."""
    is_span = "start" in columns and ("end" in columns or "duration" in columns)
    return is_span and not TASKS_ONLY & columns.keys()


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        label = upload.label(file)
        table = read_table(file.text, label)
        columns = surroundings.columns or guess_columns(upload)
        _check(columns, table)
        reader = _Reader({field: key_of(name) for field, name in columns.items()}, table, surroundings)
        if _is_time(columns) and reader.has_days_only():
            yield from reader.days(label)
            continue
        if columns == guess_columns(upload) and _is_time(columns) and table.keys & set(START_DATE):
            yield from read_time_table(upload, surroundings)  # the day and the time of day have columns of their own
            return
        for row in table.rows:
            place = Place(row.line, label)
            yield from reader.time(row, place) if _is_time(columns) else reader.task(row, place)


def _check(columns: Mapping[str, str], table: Table) -> None:
    for field, name in columns.items():
        if field not in NAMES:
            raise UnknownColumn(f"{field} is not a field. There are: {', '.join(NAMES)}.")
        if key_of(name) not in table.keys:
            raise UnknownColumn(f"The file has no column {name}. It has: {', '.join(table.header)}.")
    if "title" not in columns and not _is_time(columns):
        raise Malformed(f"No column is known to hold titles. The file has: {', '.join(table.header)}.")


class _Reader:
    def __init__(self, columns: Mapping[str, str], table: Table, surroundings: Surroundings) -> None:
        self._columns, self._here, self._ids, self._table = columns, surroundings.zone, Identities(), table
        dates = ("due", "start", "end", "created_at", "completed_at")
        values = (value for name in dates if name in columns for value in table.column(columns[name]))
        # a semicolon stands between cells where the comma is that of decimals, and there the day comes before the month
        self._order: DateOrder = date_order(values, "day" if table.delimiter == ";" else "month")

    def _text(self, row: Row, field: str) -> str:
        return row.get(self._columns.get(field, ""))

    def _moment(self, row: Row, field: str, place: Place, found: list[Item]) -> object:
        text = self._text(row, field)
        value = read_moment(text, self._here, self._order)
        if text and value is None and text.lower() not in STATUSES:
            found.append(Finding(place, f"{field} {text!r} is not a date", "changed"))
        return value

    def task(self, row: Row, place: Place) -> Iterator[Item]:
        found: list[Item] = []
        title, category = self._text(row, "title"), self._text(row, "category")
        if not title:
            yield Finding(place, "it has no title")
            return
        moments = {
            name: self._moment(row, name, place, found) for name in ("due", "start", "created_at", "completed_at")
        }
        status = STATUSES.get((self._text(row, "status") or self._text(row, "completed")).lower(), "pending")
        completed = as_moment(moments["completed_at"], self._here)  # type: ignore[arg-type]
        done_on = as_moment(read_moment(self._text(row, "completed"), self._here, self._order), self._here)
        if (completed or done_on) and status == "pending":
            status = "completed"
        words = self._text(row, "recurrence")
        recurrence = (clean_rule(words) or read_recurrence(words)) if words else None
        if words and recurrence is None and words.lower() not in {"false", "no", "0", "none"}:
            found.append(Finding(place, f"the recurrence {words!r} is not understood", "changed"))
        estimate = self._text(row, "estimated_minutes")
        yield from found
        yield Task(
            place=place,
            source_id=self._ids.of(self._text(row, "id") or f"{category}|{title}"),
            title=title,
            description=self._text(row, "description") or None,
            notes=self._text(row, "notes") or None,
            priority=PRIORITIES.get(self._text(row, "priority").lower(), "medium"),
            status=status,
            category=category or None,
            tags=[tag.strip().lstrip("#@") for tag in re.split(r"[,;|]", self._text(row, "tags")) if tag.strip()],
            due=moments["due"],  # type: ignore[arg-type]
            start_at=as_moment(moments["start"], self._here),  # type: ignore[arg-type]
            estimated_minutes=int(estimate) if estimate.isdigit() else _minutes(estimate),
            created_at=as_moment(moments["created_at"], self._here),  # type: ignore[arg-type]
            completed_at=(completed or done_on) if status in {"completed", "archived"} else None,
            parent=self._text(row, "parent") or None,
            recurrence=None if status == "completed" else recurrence,
        )

    def has_days_only(self) -> bool:
        """Whether no row says at what time of day."""
        if "end" in self._columns or self._table.keys & set(START_TIME):
            return False
        found = [read_moment(self._text(row, "start"), self._here, self._order) for row in self._table.rows]
        return any(found) and not any(isinstance(each, datetime) for each in found)

    def days(self, label: str) -> Iterator[Item]:
        """Time of whole days, as timesheets have it."""
        by_day: dict[date, list[tuple[Row, timedelta]]] = {}
        for row in self._table.rows:
            day = read_moment(self._text(row, "start"), self._here, self._order)
            length = read_duration(self._text(row, "duration"))
            if day is None or not length:
                yield Finding(Place(row.line, label), "it has no day, or no duration")
            else:
                by_day.setdefault(as_date(day, self._here) or date.min, []).append((row, length))
        if by_day:
            yield Finding(Place(1, label), NO_TIME_OF_DAY, "changed")
        for day, parts in by_day.items():
            for row, start, end in spread(day, parts, self._here):
                yield self._entry(row, Place(row.line, label), start, end, f"{day}")

    def time(self, row: Row, place: Place) -> Iterator[Item]:
        found: list[Item] = []
        start = as_moment(self._moment(row, "start", place, found), self._here)  # type: ignore[arg-type]
        end = as_moment(self._moment(row, "end", place, found), self._here)  # type: ignore[arg-type]
        duration = read_duration(self._text(row, "duration"))
        if start is None or (end is None and not duration):
            yield Finding(place, "it has no start, or neither an end nor a duration")
            return
        yield self._entry(row, place, start, end or start + (duration or start.resolution), start.isoformat())

    def _entry(self, row: Row, place: Place, start: datetime, end: datetime, key: str) -> TimeEntry:
        project, note = self._text(row, "category"), self._text(row, "title") or self._text(row, "description")
        return TimeEntry(
            place=place,
            source_id=self._ids.of(self._text(row, "id") or f"{key}|{project}|{note}"),
            started_at=start,
            ended_at=end,
            note=note or self._text(row, "notes") or None,
            project=project or None,
        )


def _minutes(text: str) -> int | None:
    duration = read_duration(text)
    return round(duration.total_seconds() / 60) if duration else None

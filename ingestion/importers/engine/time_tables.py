"""CSV reports of time trackers: one entry a row, with start, end and duration in columns of several names."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ingestion.importers.engine.files import Malformed, Row, Upload, read_table
from ingestion.importers.engine.identities import Identities
from ingestion.importers.engine.records import Finding, Item, Place, Surroundings, TimeEntry
from ingestion.importers.engine.values import DateOrder, as_date, date_order, read_clock, read_duration, read_moment

START_DATE, START_TIME = ("startdate", "date", "datum", "startdatum", "fecha", "datededébut", "fechadeinicio", "datadeinício"), (
    "starttime", "start", "startzeit", "horadeinicio", "heuredebdébut", "heurededébut", "horadeinício",
)  # fmt: skip
END_DATE, END_TIME = ("enddate", "stopdate", "enddatum", "datedefin", "fechadefin", "datadetérmino"), (
    "endtime", "stoptime", "end", "stop", "endzeit", "heuredefin", "horadefin", "horadetérmino",
)  # fmt: skip
DURATION = (
    "duration", "durationh", "durationhhmmss", "dauer", "dauerh", "durée", "duréeh", "duración", "duraciónh", "duração", "duraçãoh",
    "durationdecimal", "dauerdezimal",
)  # fmt: skip
DESCRIPTION = ("description", "beschreibung", "descripción", "descrição", "descrizione", "notes", "note")
PROJECT = ("project", "projekt", "projet", "proyecto", "projeto", "progetto")
CLIENT = ("client", "kunde", "cliente")
TASK = ("task", "subject", "aufgabe", "tâche", "tarea", "tarefa")

#: A clock that was read by whole minutes differs from the duration by less.
ROUNDING = timedelta(minutes=2)
SPLIT = timedelta(hours=24)


def read_time_table(upload: Upload, surroundings: Surroundings, *needed: str) -> Iterator[Item]:
    ids = Identities()
    for file in upload.files:
        label = upload.label(file)
        table = read_table(file.text, label, *needed)
        order = date_order((*table.column(*START_DATE, *START_TIME), *table.column(*END_DATE, *END_TIME)))
        reader = _Reader(surroundings.zone, order)
        for row in table.rows:
            yield reader.entry(row, Place(row.line, label), ids)


class _Reader:
    def __init__(self, here: ZoneInfo, order: DateOrder) -> None:
        self._here, self._order = here, order

    def entry(self, row: Row, place: Place, ids: Identities) -> Item:
        started = self._moment(row.get(*START_DATE), row.get(*START_TIME))
        if started is None:
            return Finding(place, f"its start {row.get(*START_DATE)!r} {row.get(*START_TIME)!r} is not a moment")
        duration = read_duration(row.get(*DURATION))
        ended = self._moment(row.get(*END_DATE) or row.get(*START_DATE), row.get(*END_TIME))
        ended = _end(started, ended, duration)
        if ended is None:
            return Finding(place, "it has no end and no duration: it may be running still")
        if ended <= started:
            return Finding(place, "it has no length")
        project, client = row.get(*PROJECT), row.get(*CLIENT)
        note = " – ".join(filter(None, (row.get(*TASK), row.get(*DESCRIPTION))))
        return TimeEntry(
            place=place,
            source_id=ids.of(started.isoformat(), project, note),
            started_at=started,
            ended_at=ended,
            kind="focus",
            note=note or None,
            project=project or client or None,
        )

    def _moment(self, day: str, clock: str) -> datetime | None:
        """A moment from a date and a time of day, which may also stand together in one column."""
        whole = read_moment(clock, self._here, self._order) if len(clock) > 11 else None
        if isinstance(whole, datetime):
            return whole
        value = read_moment(day, self._here, self._order)
        if isinstance(value, datetime):
            return value
        that_day, that_time = as_date(value, self._here), read_clock(clock) if clock else None
        if that_day is None or that_time is None:
            return None
        return datetime.combine(that_day, that_time, tzinfo=self._here).astimezone(UTC)


def _end(started: datetime, ended: datetime | None, duration: timedelta | None) -> datetime | None:
    """The end by the clock, unless the duration says that daylight saving or midnight came between: a duration is elapsed time."""
    by_duration = started + duration if duration and timedelta() < duration else None
    if ended is None or by_duration is None:
        ended = ended or by_duration
        if ended is not None and by_duration is None and ended < started and started - ended < SPLIT:
            ended += SPLIT  # only times of day are given, and midnight lies between
        return ended
    return ended if abs(ended - by_duration) <= ROUNDING else by_duration


def columns_of(upload: Upload) -> frozenset[str]:
    """The compared names of the first line of the first file; empty where it is not a table."""
    first_line = upload.files[0].start.partition("\n")[0] if upload.files else ""
    try:
        return read_table(first_line + "\n").keys
    except Malformed:
        return frozenset()

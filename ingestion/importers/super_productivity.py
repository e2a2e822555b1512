"""Super Productivity: the backup as JSON. Tasks of all projects and of the archive, the time of their days, and counters as habits."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ingestion.importers.engine.day_totals import NO_TIME_OF_DAY, spread
from ingestion.importers.engine.files import Malformed, Upload, read_json
from ingestion.importers.engine.records import (
    NO,
    SURE,
    Finding,
    Habit,
    HabitLog,
    Item,
    Place,
    Surroundings,
    Task,
    TimeEntry,
)
from ingestion.importers.engine.values import as_date, as_moment, read_moment

FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: The list that tasks are in where the user has made no project.
DEFAULT_PROJECTS = frozenset({"INBOX_PROJECT", "DEFAULT"})


def sniff(upload: Upload) -> int:
    text = upload.files[0].text[:2_000_000]
    return SURE if '"timeSpentOnDay"' in text or ('"taskRepeatCfg"' in text and '"simpleCounter"' in text) else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        label = upload.label(file)
        document = read_json(file.text, label)
        data = document.get("data", document) if isinstance(document, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("task"), dict):
            raise Malformed.at(label, 1, "it holds no tasks")
        yield from _Backup(data, label, surroundings).items()


def _entities(part: Any) -> dict[str, Mapping[str, Any]]:
    found = part.get("entities") if isinstance(part, dict) else None
    return {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}


class _Backup:
    def __init__(self, data: Mapping[str, Any], label: str, surroundings: Surroundings) -> None:
        self._place, self._here = Place(1, label), surroundings.zone
        self._projects = _entities(data.get("project"))
        self._tags = _entities(data.get("tag"))
        self._repeats = _entities(data.get("taskRepeatCfg"))
        self._counters = _entities(data.get("simpleCounter"))
        self._tasks = _entities(data.get("task"))
        for name in ("taskArchive", "archiveYoung", "archiveOld"):
            part = data.get(name)
            inner = part.get("task", part) if isinstance(part, dict) else part
            self._tasks = {**_entities(inner), **self._tasks}

    def items(self) -> Iterator[Item]:
        for id_, task in self._tasks.items():
            yield from self._task(id_, task)
        yield from self._time()
        for id_, counter in self._counters.items():
            yield from self._counter(id_, counter)

    def _task(self, id_: str, task: Mapping[str, Any]) -> Iterator[Item]:
        title = str(task.get("title") or "").strip()
        if not title:
            yield Finding(self._place, f"task {id_!r} has no title")
            return
        project_id = str(task.get("projectId") or "")
        project = "" if project_id in DEFAULT_PROJECTS else str(self._projects.get(project_id, {}).get("title") or "")
        names = [
            str(self._tags.get(str(tag), {}).get("title") or "") for tag in task.get("tagIds") or [] if tag != "TODAY"
        ]
        is_done = bool(task.get("isDone"))
        due = as_moment(self._moment(task.get("dueWithTime") or task.get("plannedAt")), self._here)
        recurrence = self._rule(self._repeats.get(str(task.get("repeatCfgId") or ""), {}))
        yield Task(
            place=self._place,
            source_id=id_,
            title=title,
            notes=str(task.get("notes") or "") or None,
            status="completed" if is_done else "pending",
            category=project or None,
            tags=[name for name in names if name],
            due=due or as_date(self._moment(task.get("dueDay")), self._here),
            estimated_minutes=_minutes(task.get("timeEstimate")),
            actual_minutes=_minutes(task.get("timeSpent")),
            created_at=as_moment(self._moment(task.get("created")), self._here),
            completed_at=as_moment(self._moment(task.get("doneOn")), self._here) if is_done else None,
            parent=str(task["parentId"]) if task.get("parentId") else None,
            recurrence=None if is_done else recurrence,
        )

    @staticmethod
    def _rule(config: Mapping[str, Any]) -> str | None:
        cycle, every = str(config.get("repeatCycle") or ""), config.get("repeatEvery") or 1
        if cycle not in FREQUENCIES:
            return None
        days = [name[:2].upper() for name in WEEKDAYS if config.get(name)] if cycle == "WEEKLY" else []
        parts = [f"FREQ={cycle}", f"INTERVAL={every}" if every != 1 else "", f"BYDAY={','.join(days)}" if days else ""]
        return ";".join(filter(None, parts))

    def _time(self) -> Iterator[Item]:
        """The time of days. A task with subtasks only repeats what is theirs."""
        days: dict[date, list[tuple[str, timedelta]]] = {}
        for id_, task in self._tasks.items():
            spent = task.get("timeSpentOnDay")
            if not isinstance(spent, dict) or task.get("subTaskIds") or not task.get("title"):
                continue
            for text, milliseconds in spent.items():
                day = as_date(read_moment(text, self._here), self._here)
                if day is None or not isinstance(milliseconds, int | float):
                    yield Finding(self._place, f"the time of task {id_!r} on {text!r} is not a duration on a day")
                elif 0 < milliseconds < 1e9:
                    days.setdefault(day, []).append((id_, timedelta(milliseconds=milliseconds)))
        if days:
            yield Finding(self._place, NO_TIME_OF_DAY, "changed")
        for day, parts in sorted(days.items()):
            for id_, start, end in spread(day, parts, self._here):
                yield TimeEntry(
                    place=self._place, source_id=f"{id_}|{day}", started_at=start, ended_at=end, kind="focus", task=id_
                )

    def _counter(self, id_: str, counter: Mapping[str, Any]) -> Iterator[Item]:
        title, counts = str(counter.get("title") or "").strip(), counter.get("countOnDay")
        if not title or not isinstance(counts, dict):
            return
        is_watch = counter.get("type") == "StopWatch"
        done = {
            day: count / 60_000 if is_watch else float(count)
            for text, count in counts.items()
            if isinstance(count, int | float)
            and count > 0
            and (day := as_date(read_moment(text, self._here), self._here))
        }
        if not done:
            return
        yield Habit(
            place=self._place,
            source_id=id_,
            title=title,
            is_archived=counter.get("isEnabled") is False,
            archived_at=None,
        )
        for day, value in sorted(done.items()):
            yield HabitLog(place=self._place, habit=id_, local_date=day, value=value)

    def _moment(self, value: Any) -> datetime | date | None:
        return read_moment(str(value), self._here) if value else None


def _minutes(milliseconds: Any) -> int | None:
    return round(milliseconds / 60_000) if isinstance(milliseconds, int | float) else None

"""What happened to an imported record, as changes with their own dates: the past that writes through the API would have left. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from focusflow.clock import zone
from focusflow.series import SERIES_FIELDS
from ingestion.importers.engine.records import (
    CalendarEvent,
    DayOff,
    Goal,
    Habit,
    HabitLog,
    Milestone,
    Record,
    Surroundings,
    Task,
    TimeEntry,
)
from ingestion.replay import Change

#: The source id under which the task of a project is remembered.
PROJECT = "project "


@dataclass(frozen=True, slots=True)
class Links:
    """The entities that records name: by noun and id of the source, and categories by their lower-case name."""

    entities: Mapping[tuple[str, str], UUID]
    categories: Mapping[str, UUID]

    def entity(self, noun: str, source_id: str | None) -> UUID | None:
        return self.entities.get((noun, source_id)) if source_id is not None else None

    def category(self, name: str | None) -> UUID | None:
        return self.categories.get(name.lower()) if name else None


def changes_of(record: Record, id_: UUID, links: Links, surroundings: Surroundings) -> Iterator[Change]:
    """The changes of a normalized record, in order."""
    match record:
        case Task():
            yield from _task(record, id_, links)
        case Goal():
            yield from _goal(record, id_, links)
        case Milestone():
            yield from _milestone(record, id_, links, surroundings)
        case Habit():
            yield from _habit(record, id_, surroundings)
        case HabitLog():
            fields = _fields(record, "local_date", "value", "mood", "notes", "skip_reason")
            fields |= {"habit_id": links.entity("habit", record.habit), "skipped": record.skip_reason is not None}
            at = min(noon(record.local_date, surroundings), surroundings.now)
            yield Change(at, "habit.logged", id_, fields, "import")
        case TimeEntry():
            task_id = links.entity("task", record.task or (record.project and PROJECT + record.project))
            fields = _fields(record, "kind", "started_at", "ended_at", "note") | {"task_id": task_id}
            yield Change(min(record.ended_at, surroundings.now), "time.logged", id_, fields, "import")
        case CalendarEvent():
            yield from _calendar_event(record, id_, surroundings)
        case DayOff():
            fields = _fields(record, "first_date", "last_date", "reason")
            at = min(noon(record.first_date, surroundings), surroundings.now)
            yield Change(at, "dayoff.created", id_, fields, "import")


def _task(task: Task, id_: UUID, links: Links) -> Iterator[Change]:
    created = task.created_at
    assert created is not None  # normalized
    is_completed_later = task.completed_at is not None
    fields = _fields(
        task,
        *("title", "description", "notes", "priority", "tags", "start_at", "estimated_minutes", "actual_minutes"),
        *("recurrence", "pinned", "created_at"),
    )
    is_moment = isinstance(task.due, datetime)
    fields |= {
        "status": "pending" if is_completed_later else task.status,
        "due_at": task.due if is_moment else None,
        "due_date": None if is_moment else task.due,
        "category_id": links.category(task.category),
        "parent_task_id": links.entity("task", task.parent),
        "goal_id": links.entity("goal", task.goal),
        "blocked_by": [found for each in task.blocked_by if (found := links.entity("task", each))],
    }
    if task.status == "in_progress" and task.started_at is not None and task.started_at > created:
        yield Change(created, "task.created", id_, fields | {"status": "pending"}, "import")
        yield Change(task.started_at, "task.updated", id_, {"status": "in_progress"}, "import")
        return
    yield Change(created, "task.created", id_, fields, "import")
    if task.completed_at is not None:
        done = {"status": "completed", "completed_at": task.completed_at}
        yield Change(task.completed_at, "task.completed", id_, done, "import")
        if task.status == "archived":
            yield Change(task.completed_at, "task.archived", id_, {"status": "archived"}, "import")


def _goal(goal: Goal, id_: UUID, links: Links) -> Iterator[Change]:
    created = goal.created_at
    assert created is not None  # normalized
    is_completed_later = goal.completed_at is not None and goal.status == "completed"
    fields = _fields(
        goal,
        *(
            "title",
            "description",
            "horizon",
            "start_date",
            "target_date",
            "measurement",
            "target_value",
            "unit",
            "current_value",
        ),
        *("progress", "weekly_minutes", "created_at"),
    )
    fields |= {"category_id": links.category(goal.category), "status": "active" if is_completed_later else goal.status}
    yield Change(created, "goal.created", id_, fields, "import")
    if is_completed_later and goal.completed_at is not None:
        done = {"status": "completed", "completed_at": goal.completed_at}
        yield Change(goal.completed_at, "goal.completed", id_, done, "import")


def _milestone(milestone: Milestone, id_: UUID, links: Links, surroundings: Surroundings) -> Iterator[Change]:
    fields = _fields(milestone, "title", "order_index", "target_date")
    fields |= {"goal_id": links.entity("goal", milestone.goal)}
    done = milestone.completed_at or surroundings.now
    if milestone.status == "pending":
        yield Change(surroundings.now, "milestone.created", id_, fields, "import")
        return
    yield Change(done, "milestone.created", id_, fields, "import")
    ended = {"status": milestone.status, "completed_at": milestone.completed_at}
    yield Change(done, f"milestone.{milestone.status}", id_, ended, "import")


def _habit(habit: Habit, id_: UUID, surroundings: Surroundings) -> Iterator[Change]:
    assert habit.start_date is not None  # completed from its logs
    created = min(habit.created_at or surroundings.now, noon(habit.start_date, surroundings))
    fields = _fields(habit, "title", "weekdays", "times_per_week", "start_date", "end_date", "reminder_time")
    fields |= {
        "frequency": "weekdays" if habit.weekdays else "weekly" if habit.times_per_week else "daily",
        "created_at": created,
    }
    yield Change(created, "habit.created", id_, fields, "import")
    if habit.is_archived:
        at = max(created, habit.archived_at or surroundings.now)
        yield Change(at, "habit.archived", id_, {"archived_at": at}, "import")


def _calendar_event(event: CalendarEvent, id_: UUID, surroundings: Surroundings) -> Iterator[Change]:
    fields = _fields(
        event, "title", "start_at", "end_at", "all_day", "busy", "location", "attendees", *SERIES_FIELDS, "source"
    )
    at = min(event.created_at or event.start_at, event.start_at, surroundings.now)
    yield Change(at, "calendar.created", id_, fields | {"external_id": event.source_id[:500]}, "import")


def _fields(record: Record, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def noon(day: date, surroundings: Surroundings) -> datetime:
    """A moment for what is only known by its day."""
    return datetime.combine(day, time(12), tzinfo=zone(str(surroundings.zone))).astimezone(UTC)

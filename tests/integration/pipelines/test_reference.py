"""The table against a slow and obvious account of the same histories."""

from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focusflow.clock import local_date, start_of
from focusflow.contracts.envelope import Event
from focusflow.lake import Lake
from tests.integration.pipelines.conftest import Person, World
from tests.integration.pipelines.stories import stories

MINUTE = timedelta(minutes=1)


def reference(person: Person, day: date, as_of: datetime) -> dict[str, float]:
    """Looks at every event and every minute."""
    tasks: dict[str, list[Event]] = {}
    for event in person.events:
        if event.type.startswith("task.") and event.localdate <= day:
            tasks.setdefault(str(event.subject), []).append(event)
    open_tasks = [events[-1] for events in tasks.values() if is_open(events[-1])]
    return {
        "tasks_created": sum(
            event.type == "task.created" and event.localdate == day for events in tasks.values() for event in events
        ),
        "tasks_completed": sum(was_completed(events, day) for events in tasks.values()),
        "tasks_open": len(open_tasks),
        "tasks_overdue": sum(is_overdue(event, day, person.timezone, as_of) for event in open_tasks),
        "focus_minutes": len(focused(person) & minutes_of(day, person.timezone)),
    }


def is_open(event: Event) -> bool:
    return event.data["deleted_at"] is None and event.data["status"] in ("pending", "in_progress")


def was_completed(events: list[Event], day: date) -> bool:
    words = [
        event.type for event in events if event.localdate == day and event.type in ("task.completed", "task.reopened")
    ]
    return words[-1:] == ["task.completed"]


def is_overdue(event: Event, day: date, timezone: str, as_of: datetime) -> bool:
    """At the end of the day, or now where the day is not over."""
    end = min(start_of(day + timedelta(days=1), timezone), as_of)
    if event.data["due_at"]:
        return datetime.fromisoformat(event.data["due_at"]) <= end
    due = event.data["due_date"]
    return bool(due) and start_of(date.fromisoformat(due) + timedelta(days=1), timezone) <= end


def focused(person: Person) -> set[datetime]:
    found = set()
    for event in person.events:
        if event.type == "time.logged":
            minute, end = (datetime.fromisoformat(event.data[name]) for name in ("started_at", "ended_at"))
            while minute < end:
                found.add(minute)
                minute += MINUTE
    return found


def minutes_of(day: date, timezone: str) -> set[datetime]:
    begin, end = start_of(day, timezone), start_of(day + timedelta(days=1), timezone)
    return {begin + MINUTE * number for number in range(int((end - begin) / MINUTE))}


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories, hours=st.integers(0, 72))
def test_every_day_comes_out_as_counted_slowly(tmp_path_factory, story, hours):
    ada = story.person()
    as_of = ada.events[-1].time + timedelta(hours=hours)
    world = World(Lake(str(tmp_path_factory.mktemp("lake"))))
    world.land(ada.events)
    world.refresh(as_of)
    days = world.days(ada)
    assert list(days)[-1] == f"{local_date(as_of, ada.timezone)}"
    for day, row in days.items():
        expected = reference(ada, date.fromisoformat(day), as_of)
        assert {name: row[name] for name in expected} == expected, day

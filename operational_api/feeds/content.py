"""What the feed says: events that any calendar program shows, none of which blocks time but those of the plan. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from operational_api.exports import icalendar

Row = Mapping[str, Any]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
REFRESH = ("X-WR-CALNAME:FocusFlow", "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M")


def feed(plan: Sequence[Row], due: Sequence[Row], habits: Sequence[Row]) -> bytes:
    """The calendar. The same rows give the same bytes."""
    events = [
        *(
            (
                row["updated_at"],
                _event(f"plan-{row['id']}", row["title"], row["start_at"], row["end_at"], blocks_time=True),
            )
            for row in plan
        ),
        *((row["updated_at"], _due(row)) for row in due),
        *((row["updated_at"], _habit(row)) for row in habits),
    ]
    return icalendar.calendar(events, *REFRESH)


def _due(task: Row) -> list[str]:
    """A task on its day, or at its moment."""
    begins = task["due_date"] or task["due_at"]
    ends = begins if isinstance(begins, datetime) else begins + timedelta(days=1)
    return _event(f"due-{task['id']}", f"Due: {task['title']}", begins, ends)


def _habit(habit: Row) -> list[str]:
    """A habit on its days; one of n times a week on the first day of each week."""
    title, day = habit["title"], habit["start_date"]
    rule = "FREQ=DAILY"
    if habit["frequency"] == "weekdays" and habit["weekdays"]:
        rule = f"FREQ=WEEKLY;BYDAY={','.join(WEEKDAYS[number] for number in habit['weekdays'])}"
        day = next(each for each in _days(day) if each.weekday() in habit["weekdays"])
    elif habit["frequency"] == "weekly":
        title, rule = f"{title} ({habit['times_per_week']} times a week)", "FREQ=WEEKLY;BYDAY=MO"
        day = next(each for each in _days(day) if each.weekday() == 0)
    if habit["end_date"]:
        rule += f";UNTIL={habit['end_date']:%Y%m%d}" + ("T235959" if habit["reminder_time"] else "")
    if habit["reminder_time"]:  # on the wall clock of wherever the user is: a time without a zone
        begins: date | str = f"{datetime.combine(day, habit['reminder_time']):%Y%m%dT%H%M%S}"
        return _event(f"habit-{habit['id']}", title, begins, begins, rule)
    return _event(f"habit-{habit['id']}", title, day, day + timedelta(days=1), rule)


def _days(first: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(7))


def _event(
    uid: str, title: str, begins: date | str, ends: date | str, rule: str | None = None, *, blocks_time: bool = False
) -> list[str]:
    return icalendar.component(
        "VEVENT",
        ("UID", uid),
        ("SUMMARY", title),
        ("DTSTART", begins),
        ("DTEND", ends if ends != begins else None),
        ("TRANSP", "OPAQUE" if blocks_time else "TRANSPARENT"),
        ("RRULE", rule),
    )

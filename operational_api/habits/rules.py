"""Which days of a habit can be logged. Pure. Streaks are computed in `focusflow.streaks`."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from focusflow.clock import Period
from focusflow.errors import Conflict, Invalid


class HabitArchived(Conflict):
    """This habit is archived. Reactivate it first with `"archived": false`."""


def on_day(habit: Mapping[str, Any], day: date, week: Period, days_off: Collection[date]) -> dict[str, Any]:
    """What became of a habit on a day, and whether the day counts for it, as in `habits_scheduled`: a habit with a number of times per week
    is due when it is done and on the last days that still allow the number.
    """
    status = ("skipped" if habit["skipped"] else "done") if habit["is_logged"] else "open"
    if status != "open" or day in days_off:
        is_due = status == "done"
    elif habit["frequency"] == "weekly":
        left = sum(each >= day and each not in days_off for each in week)
        possible = sum(each not in days_off for each in week)
        is_due = left <= habit["times_per_week"] - habit["done_this_week"] and possible >= habit["times_per_week"]
    else:
        is_due = habit["frequency"] != "weekdays" or day.weekday() in habit["weekdays"]
    return {"status": status, "is_due": is_due}


def check_day(habit: Mapping[str, Any], day: date, today: date) -> None:
    """Refuse to log a day outside the period of the habit."""
    if habit["archived_at"] is not None:
        raise HabitArchived
    if day > today:
        raise Invalid(f"The day {day} cannot be logged: it is in the future.")
    if day < habit["start_date"]:
        raise Invalid(f"The day {day} cannot be logged: the habit starts on {habit['start_date']}.")
    if habit["end_date"] is not None and day > habit["end_date"]:
        raise Invalid(f"The day {day} cannot be logged: the habit ended on {habit['end_date']}.")

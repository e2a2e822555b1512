"""Which days of a habit can be logged. Pure; how long it holds, see `focusflow.streaks`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from focusflow.errors import Conflict, Invalid


class HabitArchived(Conflict):
    """This habit is archived. Take it up again first."""


def check_day(habit: Mapping[str, Any], day: date, today: date) -> None:
    """Refuse to log a day that is none of the habit's."""
    if habit["archived_at"] is not None:
        raise HabitArchived
    if day > today:
        raise Invalid(f"The day {day} cannot be logged: it has not come yet.")
    if day < habit["start_date"]:
        raise Invalid(f"The day {day} cannot be logged: the habit begins on {habit['start_date']}.")
    if habit["end_date"] is not None and day > habit["end_date"]:
        raise Invalid(f"The day {day} cannot be logged: the habit ended on {habit['end_date']}.")

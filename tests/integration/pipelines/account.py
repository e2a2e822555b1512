"""The slow computation of `pipelines.reference` over generated histories, whose only recurring rule is every other day, four times."""

from collections.abc import Iterator
from datetime import datetime

from focusflow.clock import zone
from focusflow.contracts.envelope import Event
from pipelines.reference import account
from pipelines.reference.account import (
    AHEAD,
    DAY,
    MINUTE,
    Rows,
    Stretch,
    Versions,
    date_of,
    days_of,
    due_day,
    is_open,
    minutes,
    moment_of,
    spent,
    state_on,
)

__all__ = [
    "AHEAD",
    "DAY",
    "MINUTE",
    "Account",
    "Rows",
    "Versions",
    "date_of",
    "days_of",
    "due_day",
    "is_open",
    "minutes",
    "moment_of",
    "spent",
    "state_on",
]


class Account(account.Account):
    """Without the product's own rules of recurrence."""

    def times(self, event: Event, start: datetime, end: datetime) -> Iterator[Stretch]:
        for n in range(4 if event.data["rrule"] else 1):
            wall = start.astimezone(zone(event.timezone)) + 2 * n * DAY  # on the wall clock
            begin = wall.astimezone(start.tzinfo)
            yield begin, begin + (end - start)

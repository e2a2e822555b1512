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
        """The only time that a series leaves out is its second one, also where the clocks moved it."""
        numbers = set(range(4 if event.data["rrule"] else 1)) - ({1} if event.data.get("exdates") else set())
        here = start.astimezone(zone(event.timezone))
        begins = {(here + 2 * n * DAY).astimezone(start.tzinfo) for n in numbers}  # on the wall clock
        begins |= {datetime.fromisoformat(each).astimezone(start.tzinfo) for each in event.data.get("rdates") or ()}
        for begin in sorted(begins):
            yield begin, begin + (end - start)

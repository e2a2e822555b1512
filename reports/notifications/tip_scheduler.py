"""Tips that fit how a user works: at most one a week, at work, and each one once.

The id of a tip is derived from user and tip, so that a second one is impossible. `reports/notifications/delivery.py` sends it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from focusflow import clock, locales
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.i18n import gettext, mark
from focusflow.preferences import DEFAULTS
from reports.failures import Attempts, Item
from reports.render import Notice

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: Title and text by name. When a tip fits is in `tip_scheduler.sql`. A name is stored: add, and change none.
TIPS: Final = {
    "overdue": (
        mark("Give overdue tasks a new date, or let them go"),
        mark(
            "Several tasks are past their due date. A list that holds only what you still mean to do is easier to trust."
        ),
    ),
    "due_dates": (
        mark("Give the tasks that matter a due date"),
        mark(
            "None of your open tasks has one. With a date, FocusFlow reminds you in time and ranks them by how pressing they are."
        ),
    ),
    "estimates": (
        mark("Estimate a few tasks"),
        mark(
            "None of your open tasks has an estimate. With estimates, the plan of the day knows what fits, and learns how long your hour really is."
        ),
    ),
    "timer": (
        mark("Start the timer for your next task"),
        mark("Time that you log shows when you focus best, and counts in the score of the day."),
    ),
    "days_off": (
        mark("Enter your days off"),
        mark(
            "On days off nothing is due: streaks hold, goals wait, and a vacation week is not called less than usual."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class TipScheduler:
    """Schedules tips. Several may run at once."""

    database: Database
    now: Callable[[], datetime] = clock.now

    def due(self) -> list[Mapping[str, Any]]:
        """The next tip of each user who is to get one."""
        return list(self._due(self._attempts()))

    def run(self) -> int:
        """Schedule what is due. Returns the number of tips."""
        attempts = self._attempts()
        return sum(bool(attempts.make(_item(row), partial(self._tell, row))) for row in list(self._due(attempts)))

    def _attempts(self) -> Attempts:
        return Attempts.at(self.database, "reminder", self.now())

    def _due(self, attempts: Attempts) -> Iterator[Mapping[str, Any]]:
        with self.database.transaction(Role.REPORTING) as tx:
            rows = tx.all(QUERIES["due"], {**DEFAULTS, "now": self.now()})
            known = {row["id"] for row in tx.all(QUERIES["known"], {"ids": [_id(row) for row in rows]})}
        fresh = (row for row in rows if _id(row) not in known)
        for _, tips in groupby(fresh, key=itemgetter("user_id")):
            first = next(tips)
            if not attempts.is_waiting(_item(first)):
                yield first

    def _tell(self, row: Mapping[str, Any]) -> bool:
        with locales.using(row["locale"]):
            title, text = map(gettext, TIPS[row["tip"]])
        data = Jsonb({"tip": row["tip"], "notice": asdict(Notice(text))})
        values = {
            "id": _id(row),
            "user_id": row["user_id"],
            "now": self.now(),
            "title": title,
            "body": text,
            "data": data,
        }
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.run(QUERIES["tell"], values) == 1


def _id(row: Mapping[str, Any]) -> UUID:
    return uuid5(row["user_id"], f"tip {row['tip']}")


def _item(row: Mapping[str, Any]) -> Item:
    return Item(row["user_id"], f"tip {row['tip']}")

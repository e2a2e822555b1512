"""Reminds users of a habit at the time that they set for it, on days on which it is due and not done: once per habit and day.

The id of a reminder is derived from habit and day, so that a second one is impossible. `reports/notifications/delivery.py` sends it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from focusflow import clock, locales
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from reports.failures import Attempts, Item
from reports.render import Notice

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

LEAD = mark("It is the time that you set for this habit. Log it once it is done, or skip it with a reason.")


@dataclass(frozen=True, slots=True)
class HabitReminderScheduler:
    """Schedules habit reminders. Several may run at once."""

    database: Database
    now: Callable[[], datetime] = clock.now

    def due(self) -> list[Mapping[str, Any]]:
        """Habits to remind of now."""
        return self._due(self._attempts())

    def run(self) -> int:
        """Schedule what is due. Returns the number of reminders."""
        attempts = self._attempts()
        return sum(bool(attempts.make(_item(row), partial(self._remind, row))) for row in self._due(attempts))

    def _attempts(self) -> Attempts:
        return Attempts.at(self.database, "reminder", self.now())

    def _due(self, attempts: Attempts) -> list[Mapping[str, Any]]:
        with self.database.transaction(Role.REPORTING) as tx:
            rows = tx.all(QUERIES["due"], {"now": self.now()})
            known = {row["id"] for row in tx.all(QUERIES["known"], {"ids": [_id(row) for row in rows]})}
        return [row for row in rows if _id(row) not in known and not attempts.is_waiting(_item(row))]

    def _remind(self, row: Mapping[str, Any]) -> bool:
        with locales.using(row["locale"]):
            title, lead = _("Time for: {habit}", habit=row["title"]), _(LEAD)
        values = {
            "id": _id(row),
            "user_id": row["user_id"],
            "habit_id": f"{row['id']}",
            "now": self.now(),
            "title": title[:500],
            "body": lead,
            "data": Jsonb({"habit_id": f"{row['id']}", "notice": asdict(Notice(lead))}),
        }
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(QUERIES["replace"], values)
            return tx.run(QUERIES["tell"], values) == 1


def _id(row: Mapping[str, Any]) -> UUID:
    return uuid5(row["id"], f"habit reminder {row['today']}")


def _item(row: Mapping[str, Any]) -> Item:
    return Item(row["user_id"], f"habit {row['id']} {row['today']}")

"""Keeps one user's failure from the others: it is caught, written down with its reason, and tried again later and later, in the end never.

For work on items that have no row of their own yet. Emails keep their attempts in their own rows.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import Problem
from reports.delivery.schedule import next_attempt

T = TypeVar("T")

log = logging.getLogger(__name__)

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


class Item(NamedTuple):
    """One thing to do for one user, by a name that is the same at each attempt."""

    user_id: UUID
    name: str


def reason_of(error: Exception) -> str:
    """A sentence of ours, or else the kind of error alone: its text may quote what a user wrote."""
    return str(error) if isinstance(error, Problem) else type(error).__name__


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts at one kind of work, as they are known at a moment."""

    database: Database
    work: str
    now: datetime
    known: Mapping[Item, Mapping[str, Any]]

    @classmethod
    def at(cls, database: Database, work: str, now: datetime) -> Self:
        with database.transaction(Role.REPORTING) as tx:
            rows = tx.all(QUERIES["known"], {"work": work})
        return cls(database, work, now, {Item(row["user_id"], row["item"]): row for row in rows})

    def is_waiting(self, item: Item) -> bool:
        """Whether an item failed lately, or too often, and is left alone now."""
        failed = self.known.get(item)
        return failed is not None and (failed["next_attempt_at"] is None or failed["next_attempt_at"] > self.now)

    def make(self, item: Item, work: Callable[[], T]) -> T | None:
        """Do the work on an item, unless it is left alone now. None where it was, or failed."""
        if self.is_waiting(item):
            return None
        try:
            done = work()
        except Exception as error:
            log.exception("a %s failed: user %s, %s", self.work, *item)
            self._record(item, error)
            return None
        if item in self.known:
            self._run("forget", item)
        return done

    def _record(self, item: Item, error: Exception) -> None:
        """Where the database itself is away this raises, and ends the run: every other item would fail as well."""
        attempts = self.known[item]["attempts"] + 1 if item in self.known else 1
        again_at = next_attempt(attempts, self.now)
        self._run(
            "record", item, now=self.now, attempts=attempts, next_attempt_at=again_at, reason=reason_of(error)[:500]
        )

    def _run(self, query: str, item: Item, **values: Any) -> None:
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(QUERIES[query], {"work": self.work, "user_id": item.user_id, "item": item.name, **values})

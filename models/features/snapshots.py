"""What was known at a moment, from the histories: lists of open tasks at many moments of the past, or now. Later changes cannot show.

The histories are given as relations `silver.<noun>_history`, of the lake or of anything else that keeps the contract.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from focusflow.clock import local_date, start_of
from focusflow.database.queries import load_queries
from focusflow.lake.session import Inputs, Relation, Session
from models.features.task_facts import INSTANT

QUERIES = load_queries(Path(__file__).with_name("snapshots.sql"))
MACROS = Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")

#: The nouns whose histories are read.
NOUNS: Final = ("task", "user", "time_entry", "goal")

#: When the day's first list is made, local time: after the night owls, before the early birds.
MORNING: Final = timedelta(hours=5)

#: So many more lists a day are made just after something was finished.
AFTER: Final = 2

#: What somebody does these days.
RECENT: Final = timedelta(weeks=4)

#: After so many days, what somebody did counts half in their rates.
HALF_LIFE_DAYS: Final = 60.0

PARAMETERS: Final = {"half_life": HALF_LIFE_DAYS}

TODAY: Final[dict[str, pl.DataType]] = {
    "timezone": pl.String(),
    "local_date": pl.Date(),
    "day_begins": INSTANT,
    "day_ends": INSTANT,
    "next_day_ends": INSTANT,
}
MORNINGS: Final[dict[str, pl.DataType]] = {
    "timezone": pl.String(),
    "local_date": pl.Date(),
    "as_of": INSTANT,
    "day_begins": INSTANT,
    "day_ends": INSTANT,
    "next_day_ends": INSTANT,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, first and last included."""

    first: date
    last: date


def last_weeks(now: datetime) -> Span:
    return Span(now.date() - RECENT, now.date())


@dataclass(frozen=True, slots=True)
class Lists:
    """The open tasks of some lists, one row each, with all that was known; and the relations that they were made from."""

    rows: pl.DataFrame
    relations: Inputs


@dataclass(frozen=True, slots=True)
class ChosenUsers:
    """What some users did with their tasks. Its relations are there as long as the block of `chosen` runs."""

    session: Session
    relations: Inputs
    stack: ExitStack

    def count(self) -> int:
        return int(self.session.row("select count(*) from chosen_users", self.relations)[0])

    def days(self) -> Span | None:
        """From the first to the last day on which they did something."""
        first, last = self.session.row(QUERIES["extent"], self.relations)
        return Span(first, last) if first else None

    def lists_of_days(self, days: Span) -> Lists:
        """Their lists on some days: each morning, and after finishing something."""
        mornings = _mornings(_zones(self.session, self.relations), days).to_arrow()
        return self._lists("moments", {**self.relations, "mornings": mornings}, {"after": AFTER})

    def lists_at(self, as_of: datetime) -> Lists:
        """Their lists at one moment, the same for all."""
        todays = _todays(self.session, self.relations, as_of)
        return self._lists("moments_now", {**self.relations, "todays": todays}, {"as_of": as_of})

    def remembered(self, lists: Lists) -> pl.DataFrame:
        """What is remembered of them at the one moment of the lists: every kind and key with its rates."""
        asked = self.session.run(QUERIES["asked_of_all"], lists.relations)
        rates = self.session.run(QUERIES["rates"], {**lists.relations, "asked": asked}, PARAMETERS)
        return pl.DataFrame(rates).drop("number")

    def _lists(self, moments: str, given: Inputs, parameters: Mapping[str, object]) -> Lists:
        relations: dict[str, Relation] = {**given}
        relations["moments"] = self.stack.enter_context(self.session.stored(QUERIES[moments], given, parameters))
        for name in ("facts", "worked", "skipped", "last_before", "last_act", "behind", "asked", "rates"):
            stored = self.session.stored(QUERIES[name], relations, PARAMETERS)
            relations[name] = self.stack.enter_context(stored)
        return Lists(pl.DataFrame(self.session.run(QUERIES["complete"], relations)), relations)


@contextmanager
def chosen(session: Session, histories: Inputs, users: Sequence[str] | None = None) -> Iterator[ChosenUsers]:
    """Look at these users, or at all users. `histories` has the relations `silver.<noun>_history` of all `NOUNS`."""
    session.define(MACROS)
    relations: dict[str, Relation] = {**histories}
    relations["chosen_users"] = session.run(QUERIES["chosen_users"], histories, {"users": users and list(users)})
    with ExitStack() as stack:
        for name in ("versions", "works", "work_versions", "moves", "acts", "active_days", "counters"):
            relations[name] = stack.enter_context(session.stored(QUERIES[name], relations, PARAMETERS))
        yield ChosenUsers(session, relations, stack)


def open_at(session: Session, histories: Inputs, as_of: datetime) -> pl.DataFrame:
    """All users' open tasks at one moment, without what is remembered of the past: enough for the baseline."""
    relations: dict[str, Relation] = {**histories, "todays": _todays(session, histories, as_of)}
    relations["chosen_users"] = session.run(QUERIES["chosen_users"], histories, {"users": None})
    relations["moments"] = session.run(QUERIES["moments_now"], relations, {"as_of": as_of})
    with ExitStack() as stack:
        for name in ("versions", "moves"):
            relations[name] = stack.enter_context(session.held(QUERIES[name], relations))
        return pl.DataFrame(session.run(QUERIES["facts"], relations))


def _zones(session: Session, histories: Inputs) -> list[str]:
    return [str(name) for name in session.run(QUERIES["zones"], histories)["timezone"].to_pylist()]


def _todays(session: Session, histories: Inputs, as_of: datetime) -> pa.Table:
    """What day it is in each zone, and when it begins and ends: for a library of time zones is quicker than 100 k look-ups."""
    today = {name: local_date(as_of, name) for name in _zones(session, histories)}
    rows = [(name, day, *(start_of(day + timedelta(days=n), name) for n in range(3))) for name, day in today.items()]
    return pl.DataFrame(rows, schema=TODAY, orient="row").to_arrow()


def _mornings(zones: Sequence[str], days: Span) -> pl.DataFrame:
    rows = []
    for zone in zones:
        starts = [start_of(days.first + timedelta(days=n), zone) for n in range((days.last - days.first).days + 3)]
        for number, (begins, ends, next_ends) in enumerate(zip(starts, starts[1:], starts[2:], strict=False)):
            rows.append((zone, days.first + timedelta(days=number), begins + MORNING, begins, ends, next_ends))
    return pl.DataFrame(rows, schema=MORNINGS, orient="row")

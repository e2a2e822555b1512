"""Whether this machine's clock and the database's agree: tokens, schedules and the days of tables go by both."""

from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow

from focusflow import clock
from focusflow.database.session import Database
from focusflow.errors import SetupProblem

#: More than this is worth a warning: tokens are valid that much longer.
WARNING = timedelta(seconds=30)

#: By clocks that differ more than this, nothing is computed and nothing is deleted for its age.
LIMIT = timedelta(minutes=5)

DATABASE_TIME: LiteralString = "select clock_timestamp() as now"


class ClocksDisagree(SetupProblem):
    """This machine's clock and the database's disagree."""


def clock_skew(connection: psycopg.Connection[DictRow]) -> timedelta:
    """How far this machine's clock is ahead of the database's; negative if it is behind."""
    before = clock.now()
    theirs: datetime = connection.execute(DATABASE_TIME).fetchall()[0]["now"]
    return before + (clock.now() - before) / 2 - theirs


def describe(skew: timedelta) -> str:
    direction = "ahead of" if skew > timedelta(0) else "behind"
    return f"This machine's clock is {abs(skew).total_seconds():,.0f} s {direction} the database's. Set both by NTP."


def clock_warnings(skew: timedelta, database_now: datetime, newest_event: datetime | None) -> list[str]:
    """A sentence for each clock that is off. An event cannot be newer than now: the database wrote its time."""
    warnings = [describe(skew)] if abs(skew) > WARNING else []
    if newest_event and newest_event - database_now > WARNING:
        ahead = (newest_event - database_now).total_seconds()
        warnings.append(
            f"The newest event of the lake is {ahead:,.0f} s ahead of the database's clock. Set that by NTP."
        )
    return warnings


def require_agreement(database: Database) -> None:
    """Refuse to work by a clock that may be wrong: it would write future days or delete recent data."""
    with database.owner() as connection:
        skew = clock_skew(connection)
    if abs(skew) > LIMIT:
        raise ClocksDisagree(describe(skew))

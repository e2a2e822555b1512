"""Months of local dates, and which of them new raw events touch.

A month, not a day: each asset partition costs Dagster's log about 15 ms, so a year of days would take minutes to record.
Inside a month only the days that changed are computed.
"""

from collections.abc import Mapping
from datetime import date

from focusflow.lake.session import Scan, Session
from focusflow.lake.tables import Pinned
from pipelines.engine.silver import since

FIRST_MONTH = "2020-01"


def touched_since(raw: Pinned, session: Session, positions: Mapping[int, int]) -> tuple[date, date] | None:
    """The first and last local date of the raw events from these positions on; None when there is none that can be read."""
    incoming = {"incoming": Scan(since(raw, positions))}
    first, last = session.row("select min(local_date), max(local_date) from incoming", incoming)
    return (first, last) if first else None


def month_of(day: date) -> str:
    """The partition of a day; days from before the first partition belong to the first."""
    return max(f"{day:%Y-%m}", FIRST_MONTH)

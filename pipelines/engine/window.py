"""Which days a computation is about."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Window:
    """From which day on rows are computed, as of which moment."""

    from_day: date
    as_of: datetime

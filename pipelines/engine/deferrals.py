"""What a live refresh puts off, so that nobody's history holds up everybody's newest numbers: a user's days of long ago, and tables in which a user
has very many rows. Commits remember it. It is done some minutes later, or by the next refresh that is not live.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from focusflow.lake.tables import DEFERRED, Pinned
from pipelines.engine.as_of import newest_metadata

#: Days further back than this are put off, and only so many are recomputed at once.
OLD_DAYS, RECENT_DAYS = 400, 62

#: In a table that is not built by month, a user who had more rows than this is put off.
MANY_ROWS = 50_000

#: How long, since it was put off first.
PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Deferral:
    """From which day on a user's rows are still to be recomputed, and since when."""

    first_day: date
    since: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Whose rows are recomputed now, and from which day on; and what is put off."""

    now: Mapping[str, date]
    deferred: Mapping[str, Deferral]

    @classmethod
    def of(
        cls, wanted: Mapping[str, date], known: Mapping[str, Deferral], as_of: datetime, rows: Mapping[str, int] | None = None
    ) -> Self:  # fmt: skip
        """What a live refresh does of what is wanted, and of what was put off before. Of a table that is built by month, or else of one in which
        users had so many `rows`.

        >>> noon, old = datetime(2026, 3, 2, 12), date(2019, 1, 1)
        >>> Plan.of({"ada": date(2026, 3, 1), "bob": old}, {}, noon).now
        {'ada': datetime.date(2026, 3, 1), 'bob': datetime.date(2025, 12, 30)}
        >>> Plan.of({}, {"bob": Deferral(old, noon - PAUSE)}, noon)
        Plan(now={'bob': datetime.date(2019, 1, 1)}, deferred={})
        """
        today, now, deferred = as_of.date(), dict[str, date](), dict[str, Deferral]()
        for user in wanted.keys() | known.keys():
            before = known.get(user)
            first = min(wanted.get(user, date.max), before.first_day if before else date.max)
            is_heavy = rows.get(user, 0) > MANY_ROWS if rows is not None else first < today - timedelta(days=OLD_DAYS)
            if is_heavy and not (before and as_of - before.since >= PAUSE):
                deferred[user] = Deferral(first, before.since if before else as_of)
                if rows is None and user in wanted:
                    now[user] = max(wanted[user], today - timedelta(days=RECENT_DAYS))
            else:
                now[user] = first
        return cls(dict(sorted(now.items())), deferred)


def note(deferred: Mapping[str, Deferral]) -> dict[str, str]:
    """What a commit says of what it has put off."""
    return {
        DEFERRED: json.dumps(
            {user: [each.first_day.isoformat(), each.since.isoformat()] for user, each in deferred.items()}
        )
    }


def known(table: Pinned) -> dict[str, Deferral]:
    """What was put off, by the newest commit that speaks of it."""
    put_off = json.loads(newest_metadata(table, DEFERRED) or "{}") if table.version else {}
    return {
        user: Deferral(date.fromisoformat(day), datetime.fromisoformat(since)) for user, (day, since) in put_off.items()
    }

"""The occurrences of an appointment: by its rules, at times added to them, and without those left out (RFC 5545, 3.8.5)."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any, Self

from focusflow.recurrence import occurrences
from focusflow.rule_days import Steps

#: The fields of an appointment that make it a series: its rule, more rules, times added to theirs, and times left out.
SERIES_FIELDS = ("rrule", "extra_rrules", "rdates", "exdates")

#: Times added to a series, or left out of it, and rules beside the first. The event contract has the same limits.
DATES_AT_MOST, EXTRA_RULES_AT_MOST = 500, 4

#: In another zone, daylight saving moves the times of a rule by up to so much. They are a day apart, so it is clear which one is left out.
SHIFT = timedelta(hours=2)

#: No occurrence is later.
END = datetime.max.replace(tzinfo=UTC)

Moments = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Series:
    """When an appointment takes place again. Each occurrence is as long as the first."""

    rules: tuple[str, ...] = ()
    added: tuple[datetime, ...] = ()
    left_out: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """The series of a stored appointment. Events from before these fields existed do not have them."""
        rules = (event["rrule"], *(event.get("extra_rrules") or ()))
        dates = (tuple(sorted(event.get(name) or ())) for name in ("rdates", "exdates"))
        return cls(tuple(rule for rule in rules if rule is not None), *dates)

    @property
    def is_recurring(self) -> bool:
        return bool(self.rules or self.added)

    def occurrences(
        self, span: Moments, timezone: str, *, since: datetime, until: datetime, steps: Steps | None = None
    ) -> Iterator[Moments]:
        """The occurrences between two moments, in UTC and in order. `span` is the first one; `steps` bounds the work.

        >>> nine, end = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        >>> series = Series(("FREQ=DAILY;COUNT=3",), left_out=(nine + timedelta(days=1),))
        >>> found = series.occurrences((nine, nine + timedelta(hours=1)), "UTC", since=nine, until=end)
        >>> [start.day for start, _ in found]
        [1, 3]
        """
        by_rules = (occurrences(rule, span, timezone, since=since, until=until, steps=steps) for rule in self.rules)
        left_out, near = frozenset(self.left_out), [each for each in self.left_out if each not in self.added]
        times = merge(
            *((each for each in times if not _is_near(near, each[0])) for times in by_rules),
            self._added(span, since, until, steps),
        )
        last = None
        for start, end in times:
            if start != last and start not in left_out:
                yield start, end
            last = start

    def unmatched(self, span: Moments, timezone: str, steps: Steps | None = None) -> list[datetime]:
        """The times to leave out at which it would not take place anyway."""
        if not self.left_out:
            return []
        since, until = self.left_out[0] - timedelta.resolution, self.left_out[-1] + timedelta.resolution
        whole = Series(self.rules, self.added).occurrences(span, timezone, since=since, until=until, steps=steps)
        starts = {start for start, _ in whole}
        return [each for each in self.left_out if each not in starts]

    def never_takes_place(self, span: Moments, timezone: str) -> bool:
        """Whether every occurrence is left out."""
        since = span[0] - timedelta.resolution  # it may have no length
        return next(self.occurrences(span, timezone, since=since, until=END), None) is None

    def _added(self, span: Moments, since: datetime, until: datetime, steps: Steps | None) -> Iterator[Moments]:
        """The times that were added; without a rule, the first one is one of them."""
        lasts = span[1] - span[0]
        for start in sorted({*self.added, *(() if self.rules else (span[0].astimezone(UTC),))}):
            if start < until and start + lasts > since:
                if steps is not None:
                    steps.take()
                yield start.astimezone(UTC), start.astimezone(UTC) + lasts


def _is_near(moments: Sequence[datetime], start: datetime) -> bool:
    place = bisect_left(moments, start - SHIFT)
    return place < len(moments) and moments[place] <= start + SHIFT

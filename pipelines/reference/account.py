"""A user's events as somebody would go through them with a pencil: what the slow computation of all tables is made from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from focusflow.clock import local_date, start_of, zone
from focusflow.contracts.envelope import Event
from focusflow.series import Series

MINUTE, DAY, INSTANT = timedelta(minutes=1), timedelta(days=1), timedelta(microseconds=1)

#: So far ahead appointments are told.
AHEAD = timedelta(weeks=5)

#: The rows of a table: by their key, what their columns say.
Rows = dict[Any, dict[str, Any]]

Versions = list[Event]

Stretch = tuple[datetime, datetime]


class HasEvents(Protocol):
    """A user, with everything that happened, in order."""

    @property
    def id(self) -> UUID: ...
    @property
    def events(self) -> Sequence[Event]: ...


def date_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def moment_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def state_on(versions: Versions, day: date) -> Event | None:
    """What was known of something by the end of a day. A version belongs to its own day, or to a later one if the version before does."""
    known, reached = None, date.min
    for event in versions:
        reached = max(reached, event.localdate)
        if reached <= day:
            known = event
    return known


def is_open(task: Event) -> bool:
    return task.data["deleted_at"] is None and task.data["status"] in ("pending", "in_progress")


def due_day(task: Event) -> date | None:
    """A moment lies on the day that it was where the person lived when it was said."""
    by = moment_of(task.data["due_at"])
    return local_date(by, task.timezone) if by else date_of(task.data["due_date"])


class Account:
    """A person's events, as they happened, as of a moment."""

    def __init__(self, user: HasEvents, as_of: datetime) -> None:
        self.id, self.events, self.as_of = str(user.id), list(user.events), as_of
        self.homes = [event for event in self.events if event.type.startswith("user.")]

    @cached_property
    def today(self) -> date:
        """The last date that it has been where the person lived: who flies west has yesterday again, but no day goes."""
        ends = [event.time for event in self.homes[1:]] + [self.as_of]
        return max(local_date(end, home.data["timezone"]) for home, end in zip(self.homes, ends, strict=True))

    @cached_property
    def registered_on(self) -> date:
        return min(event.localdate for event in self.homes)

    @cached_property
    def days(self) -> list[date]:
        """From the first that anything tells of, which an import may have from before the registration; but no more than ten years before."""
        first = max(self.registered_on - 3653 * DAY, min(map(self._first_day_of, self.events)))
        return [first + n * DAY for n in range((self.today - first).days + 1)]

    def _first_day_of(self, event: Event) -> date:
        """The day of an event, or what it tells of where that was earlier."""
        told = event.localdate
        if event.type.startswith("habit.") and event.data.get("local_date"):
            told = date.fromisoformat(event.data["local_date"])
        elif event.type.startswith("time."):
            told = local_date(datetime.fromisoformat(event.data["started_at"]), self.homes[0].data["timezone"])
        elif event in self.homes:
            told = local_date(event.time, event.data["timezone"])
        return min(event.localdate, told)

    def each(self, noun: str) -> Iterator[Versions]:
        """The versions of each entity of a noun."""
        found: dict[Any, Versions] = defaultdict(list)
        for event in self.events:
            if event.dataschema == f"focusflow:{noun}:1":
                found[event.subject].append(event)
        return iter(sorted(versions, key=lambda event: event.entityversion) for versions in found.values())

    def last_words(self, noun: str) -> Iterator[Event]:
        """What was said last of each that was not deleted."""
        return (each[-1] for each in self.each(noun) if not each[-1].type.endswith(".deleted"))

    def home(self, moment: datetime) -> str:
        """Where the person lived: before the first word of it, too, where the first word says."""
        said = next((each for each in reversed(self.homes) if each.time <= moment), self.homes[0])
        return str(said.data["timezone"])

    def wall(self, moment: datetime) -> datetime:
        """As on the wall clock of where the person lived then."""
        return moment.astimezone(zone(self.home(moment)))

    def entries(self) -> list[Event]:
        return [event for event in self.last_words("time_entry") if event.data["ended_at"]]

    @cached_property
    def by_day(self) -> dict[date, list[Event]]:
        """What happened on each local day."""
        found = defaultdict(list)
        for event in self.events:
            found[event.localdate].append(event)
        return found

    def minutes_by_day(self, stretches: Iterable[Stretch]) -> dict[date, float]:
        """Minutes that are covered on each local day, by however many stretches."""
        found: dict[date, float] = defaultdict(float)
        for begin, end in covered(stretches):
            at = begin
            while at < end:
                until = min(end, self._day_ends(at))
                found[self.wall(at).date()] += (until - at) / MINUTE
                at = until
        return found

    def _day_ends(self, moment: datetime) -> datetime:
        """When the local day ends, or the user moves house before that."""
        midnight = start_of(self.wall(moment).date() + DAY, self.home(moment))
        return min([midnight, *(each.time for each in self.homes[1:] if each.time > moment)])

    def times(self, event: Event, start: datetime, end: datetime) -> Iterator[Stretch]:
        """When an appointment takes place. Rules are unfolded by the product's own function, which has tests of its own."""
        dates = {name: [moment_of(each) for each in event.data.get(name) or ()] for name in ("rdates", "exdates")}
        series = Series.of({**event.data, **dates})
        if not series.is_recurring:
            return iter([(start, end)])
        return series.occurrences((start, end), event.timezone, since=start, until=self.as_of + AHEAD)

    def meetings(self) -> Iterator[tuple[str, datetime, datetime]]:
        """Every time that a busy appointment takes place."""
        for event in self.last_words("calendar_event"):
            start, end = moment_of(event.data["start_at"]), moment_of(event.data["end_at"])
            assert start
            assert end
            if not event.data["busy"] or event.data["all_day"] or event.data["calendar_id"] == "focusflow-plan":
                continue
            for begins, ends in self.times(event, start, end):
                if begins < self.as_of + AHEAD:
                    yield str(event.subject), begins, ends

    def free(self) -> set[date]:
        """The days off."""
        return days_of(self.last_words("day_off"))

    def free_as_seen_on(self, day: date) -> set[date]:
        """The days off as they look on a day: of those to come, what was known by then."""
        known = (state_on(versions, day) for versions in self.each("day_off"))
        ahead = days_of(event for event in known if event and not event.type.endswith(".deleted"))
        return {each for each in self.free() if each <= day} | {each for each in ahead if each > day}

    def completions(self) -> Iterator[Event]:
        """Of each task and day the last completion, unless it was taken back that day."""
        for versions in self.each("task"):
            words = {each.localdate: each for each in versions if each.type in ("task.completed", "task.reopened")}
            yield from (event for event in words.values() if event.type == "task.completed")

    def completed(self) -> Counter[date]:
        return Counter(event.localdate for event in self.completions())


def days_of(spans: Iterable[Event]) -> set[date]:
    """The days of each span of days off."""
    bounds = [
        (date.fromisoformat(each.data["first_date"]), date.fromisoformat(each.data["last_date"])) for each in spans
    ]
    return {first + n * DAY for first, last in bounds for n in range((last - first).days + 1)}


def covered(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """The stretches put together where they touch or overlap, in order."""
    begin: datetime | None = None
    end = datetime.min.replace(tzinfo=UTC)
    for first, last in sorted(stretches):
        if begin is not None and first > end:
            yield begin, end
            begin = None
        begin, end = (first, last) if begin is None else (begin, max(end, last))
    if begin is not None:
        yield begin, end


def stretch(entry: Event) -> Stretch:
    """Of a time entry that has ended."""
    begin, end = moment_of(entry.data["started_at"]), moment_of(entry.data["ended_at"])
    assert begin
    assert end
    return begin, end


def minutes(begin: datetime | str, end: datetime | str) -> Iterator[datetime]:
    """Each minute of a stretch."""
    minute, until = (datetime.fromisoformat(each) if isinstance(each, str) else each for each in (begin, end))
    while minute < until:
        yield minute
        minute += MINUTE


def spent(entry: Event) -> Iterator[datetime]:
    return minutes(entry.data["started_at"], entry.data["ended_at"])

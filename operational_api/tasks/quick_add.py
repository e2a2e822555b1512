"""A task written in one line: "report fri 30m !high #work every week". Pure: (text, locale, now, categories) → what was understood.

Priorities and tags are found anywhere. Dates, times, estimates and repetitions are found at the end and the beginning of the line, and behind
a preposition: in the middle, a word is far more often part of the title. A word in quotes or behind a backslash stays in the title.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from focusflow.clock import zone
from operational_api.tasks.quick_words import BYDAY, WORKDAYS, Words, words_of

Field = Literal["priority", "tag", "category", "due", "time", "estimate", "recurrence"]
Value = Any

LONGEST_PHRASE: Final = 6
LONGEST_ESTIMATE: Final = 100_000
LONGEST_TAG: Final = 60

TOKEN = re.compile(r'"[^"]*"(?=\s|$)|\S+')
AMOUNT = re.compile(r"(\d{1,4}(?:[.,]\d)?)(\D+)")
HOURS_AND_MINUTES = re.compile(r"(\d{1,2})h(\d{1,2})m?")
CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(am|pm)?")
ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
NUMERIC_DAY = re.compile(r"(\d{1,2})([./])(\d{1,2})(?:\2(\d{4}|\d{2})?)?")
DAY_OF_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|\.)?")


@dataclass(frozen=True, slots=True)
class Understood:
    """A part of the line that is not in the title. `otherwise` is the line in which this part stays in the title."""

    field: Field
    text: str
    value: str
    otherwise: str


@dataclass(slots=True)
class Parsed:
    """A line as the fields of a new task."""

    title: str
    fields: dict[str, Any] = field(default_factory=dict)
    understood: list[Understood] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    is_literal: bool = False
    is_escaped: bool = False

    @property
    def key(self) -> str:
        return self.text.casefold().rstrip(",;")


@dataclass(frozen=True, slots=True)
class _Found:
    field: Field
    value: Value
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the phrases mean to a user today."""

    words: Words
    now: datetime  # local

    @property
    def today(self) -> date:
        return self.now.date()

    def meaning(self, keys: Sequence[str], *, is_strict: bool = False) -> tuple[Field, Value] | None:
        """What a whole phrase means. A strict reading takes no word that is often something else, such as “sun” or “may”."""
        for name, read in self._readings(is_strict=is_strict):
            value = read(keys)
            if value is not None:
                return name, value
        return None

    def _readings(self, *, is_strict: bool) -> Iterator[tuple[Field, Callable[[Sequence[str]], Value]]]:
        yield "due", lambda keys: self._due(keys, is_strict=is_strict)
        yield "time", self._time
        yield "estimate", self._estimate
        yield "recurrence", self._recurrence

    def is_preposition(self, key: str) -> bool:
        return key in self.words.before_day or key in self.words.before_time

    def _due(self, keys: Sequence[str], *, is_strict: bool) -> date | None:
        words = self.words
        if len(keys) > 1 and keys[0] in words.before_day:
            return self._due(keys[1:], is_strict=is_strict)
        phrase = " ".join(keys)
        if phrase in words.days_ahead:
            return self.today + timedelta(days=words.days_ahead[phrase])
        if phrase in words.next_week:
            return self.today + timedelta(days=7 - self.today.weekday())
        if phrase in words.next_month:
            return _months_on(self.today.replace(day=1), 1)
        return (
            self._weekday(keys, is_strict=is_strict) or self._span(keys) or self._numeric(phrase) or self._named(keys)
        )

    def _weekday(self, keys: Sequence[str], *, is_strict: bool) -> date | None:
        names = self.words.weekdays if is_strict else self.words.weekdays | self.words.short_weekdays
        is_next = len(keys) == 2 and keys[0] in self.words.next
        is_this = len(keys) == 2 and keys[0] in self.words.this
        name = keys[-1].rstrip(".")
        if name not in names or not (len(keys) == 1 or is_next or is_this):
            return None
        if is_next:
            return self.today + timedelta(days=7 - self.today.weekday() + names[name])
        return self.today + timedelta(days=(names[name] - self.today.weekday() - 1) % 7 + 1)

    def _span(self, keys: Sequence[str]) -> date | None:
        if len(keys) != 3 or keys[0] not in self.words.within or keys[2] not in self.words.units:
            return None
        number = self.words.number(keys[1])
        if number is None or not 0 < number <= 500:
            return None
        match self.words.units[keys[2]]:
            case "DAILY":
                return self.today + timedelta(days=number)
            case "WEEKLY":
                return self.today + timedelta(weeks=number)
            case "MONTHLY":
                return _months_on(self.today, number)
            case _:
                return _months_on(self.today, 12 * number) if number <= 50 else None

    def _numeric(self, phrase: str) -> date | None:
        if found := ISO_DAY.fullmatch(phrase):
            return _day(*map(int, found.groups()))
        found = NUMERIC_DAY.fullmatch(phrase)
        if found is None or (found[2] == "." and not self.words.has_dotted_days):
            return None
        first, second = int(found[1]), int(found[3])
        month, day = (first, second) if self.words.is_month_first and found[2] == "/" else (second, first)
        return self._this_or_next_year(month, day, found[4])

    def _named(self, keys: Sequence[str]) -> date | None:
        """A day of a month by name: "1 dec", "December 1st 2027", "1. Dezember", "1 de diciembre"."""
        keys = [key for key in keys if key not in self.words.of]
        if not 2 <= len(keys) <= 3:
            return None
        year = keys[2] if len(keys) == 3 else None
        if year is not None and not re.fullmatch(r"\d{4}", year):
            return None
        for day, name in ((keys[0], keys[1]), (keys[1], keys[0])):
            number, month = DAY_OF_MONTH.fullmatch(day), self.words.months.get(name.rstrip("."))
            if number and month:
                return self._this_or_next_year(month, int(number[1]), year)
        return None

    def _this_or_next_year(self, month: int, day: int, year: str | None) -> date | None:
        if year is not None:
            return _day(int(year) + (2000 if len(year) == 2 else 0), month, day)
        years = range(self.today.year, self.today.year + 5)  # 29 February comes within four
        days = (_day(each, month, day) for each in years)
        return next((each for each in days if each is not None and each >= self.today), None)

    def _time(self, keys: Sequence[str]) -> time | None:
        words = self.words
        has_preposition = len(keys) > 1 and keys[0] in words.before_time
        rest = list(keys[1:] if has_preposition else keys)
        has_word = len(rest) == 2 and rest[1] in words.oclock
        if has_word:
            rest = rest[:1]
        if len(rest) == 2 and rest[1] in ("am", "pm"):
            rest = ["".join(rest)]
        if len(rest) != 1:
            return None
        text = rest[0]
        if has_preposition and (found := re.fullmatch(r"(\d{1,2})h(\d{2})?", text)):
            return _time(int(found[1]), int(found[2] or 0))
        found = CLOCK.fullmatch(text)
        if found is None or not (found[2] or found[3] or has_word or has_preposition):
            return None
        hour = int(found[1])
        if found[3]:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if found[3] == "pm" else 0)
        return _time(hour, int(found[2] or 0))

    def _estimate(self, keys: Sequence[str]) -> int | None:
        if len(keys) > 1 and keys[0] in self.words.lasting:
            return self._estimate(keys[1:])
        text = "".join(keys) if len(keys) <= 2 else ""
        if found := HOURS_AND_MINUTES.fullmatch(text):
            minutes = 60.0 * int(found[1]) + int(found[2])
        elif (found := AMOUNT.fullmatch(text)) and (found[2].rstrip(".") in self.words.amounts):
            minutes = float(found[1].replace(",", ".")) * self.words.amounts[found[2].rstrip(".")]
        else:
            return None
        return round(minutes) if 1 <= minutes <= LONGEST_ESTIMATE else None

    def _recurrence(self, keys: Sequence[str]) -> str | None:
        words, phrase = self.words, " ".join(keys)
        if phrase in words.often:
            return words.often[phrase]
        every = sorted((each for each in words.every if phrase.startswith(f"{each} ")), key=len)
        if not every:
            return None
        rest = phrase.removeprefix(f"{every[-1]} ").split()
        return self._interval(rest) or self._days_of_week(rest)

    def _interval(self, keys: Sequence[str]) -> str | None:
        """The rule of "week", "2 weeks" or "other week"."""
        rule = self.words.units.get(keys[-1])
        if rule is None or len(keys) > 2:
            return None
        if len(keys) == 1:
            return f"FREQ={rule}"
        number = 2 if keys[0] in self.words.other else self.words.number(keys[0])
        return f"FREQ={rule};INTERVAL={number}" if number and 1 < number <= 99 else None

    def _days_of_week(self, keys: Sequence[str]) -> str | None:
        """The rule of "workday", "monday" or "mon, wed and fri"."""
        words = self.words
        if len(keys) == 1 and keys[0] in words.workday:
            return WORKDAYS
        names = words.weekdays | words.short_weekdays | words.plural_weekdays
        days = [each.rstrip(".") for key in keys for each in key.split(",") if each and each not in words.and_]
        if not days or any(each not in names for each in days):
            return None
        return f"FREQ=WEEKLY;BYDAY={','.join(BYDAY[each] for each in sorted({names[day] for day in days}))}"


def parse(text: str, locale: str, timezone: str, now: datetime, categories: Mapping[str, UUID]) -> Parsed:
    """What a line means to a user now. `categories` are theirs, by name in lower case. The title is never empty, unless the line is."""
    reader = _Reader(words_of(locale), now.astimezone(zone(timezone)).replace(tzinfo=None))
    line = _Line(tokens := _tokens(text, reader), reader, list(range(len(tokens))))
    line.take_marked(categories)
    line.take_from_the_end()
    line.take_from_the_start()
    line.take_behind_prepositions()
    found = sorted(line.found, key=lambda each: each.first)
    title = " ".join(tokens[place].text for place in line.rest)
    if not title:
        return Parsed(" ".join(text.split()))
    return Parsed(title, _fields(found, reader, timezone), [_understood(each, tokens, text) for each in found])


def _tokens(text: str, reader: _Reader) -> list[_Token]:
    found: list[_Token] = []
    for match in TOKEN.finditer(text):
        token, start, end = match[0], match.start(), match.end()
        inner = token[1:] if token.startswith("\\") else token[1:-1] if _is_quoted(token) else ""
        if inner and _would_be_taken(inner, reader):
            found.append(_Token(inner, start, end, is_literal=True, is_escaped=True))
        else:
            found.append(_Token(token, start, end, is_literal=bool(inner)))
    return found


def _is_quoted(token: str) -> bool:
    return len(token) > 2 and token[0] == token[-1] == '"'


def _would_be_taken(inner: str, reader: _Reader) -> bool:
    keys = [each.casefold().rstrip(",;") for each in inner.split()]
    if not keys:
        return False
    is_marked = len(keys) == 1 and (_priority(keys[0], reader) is not None or _label(inner) is not None)
    return is_marked or reader.meaning(keys) is not None or inner.startswith("\\")


def _priority(key: str, reader: _Reader) -> str | None:
    return reader.words.priorities.get(key[1:]) if key.startswith("!") else None


def _label(text: str) -> str | None:
    """The name behind a hash; a number there is the number of something."""
    name = text[1:].rstrip(",;")
    return (
        name
        if text.startswith("#") and 0 < len(name) <= LONGEST_TAG and not name.isdigit() and "#" not in name
        else None
    )


@dataclass(slots=True)
class _Line:
    """A line whose phrases are taken out one by one."""

    tokens: Sequence[_Token]
    reader: _Reader
    rest: list[int]  # the places of the tokens that are still part of the title
    found: list[_Found] = field(default_factory=list)

    def take_marked(self, categories: Mapping[str, UUID]) -> None:
        """What has a mark of its own, wherever it stands."""
        for place in tuple(self.rest):
            token = self.tokens[place]
            means = None if token.is_literal else self._mark(token, categories)
            if means is not None:
                self.found.append(_Found(*means, place, place))
                self.rest.remove(place)

    def _mark(self, token: _Token, categories: Mapping[str, UUID]) -> tuple[Field, Value] | None:
        if (priority := _priority(token.key, self.reader)) and not self._has("priority"):
            return "priority", priority
        label = _label(token.text)
        if label is None:
            return None
        category = categories.get(label.casefold())
        return ("category", category) if category and not self._has("category") else ("tag", label)

    def take_from_the_end(self) -> None:
        end = len(self.rest)
        while end > 0:
            if self.tokens[
                self.rest[end - 1]
            ].is_escaped:  # it would have been taken, so it does not end what is looked at
                end -= 1
                continue
            length = self._take(range(max(0, end - LONGEST_PHRASE), end), end)
            if not length:
                return
            end -= length

    def take_from_the_start(self) -> None:
        while any(self._take(range(1), end, is_strict=True) for end in self._ends(0)):
            pass

    def take_behind_prepositions(self) -> None:
        begin = 0
        while begin < len(self.rest):
            is_taken = self.reader.is_preposition(self.tokens[self.rest[begin]].key) and any(
                self._take(range(begin, begin + 1), end, is_strict=True) for end in self._ends(begin)
            )
            begin += 0 if is_taken else 1

    def _ends(self, begin: int) -> range:
        """Where a phrase can end, the longest first."""
        return range(min(begin + LONGEST_PHRASE, len(self.rest)), begin, -1)

    def _has(self, name: Field) -> bool:
        return any(each.field == name for each in self.found)

    def _take(self, begins: range, end: int, *, is_strict: bool = False) -> int:
        """Take the longest phrase that ends there out of the rest, if it means something new. Returns its length."""
        for begin in begins:
            places = self.rest[begin:end]
            is_whole = places[-1] - places[0] == len(places) - 1
            if not is_whole or len(places) == len(self.rest) or any(self.tokens[each].is_literal for each in places):
                continue  # something has to be the title
            means = self.reader.meaning([self.tokens[place].key for place in places], is_strict=is_strict)
            if means is not None and not self._has(means[0]):
                self.found.append(_Found(*means, places[0], places[-1]))
                del self.rest[begin:end]
                return end - begin
        return 0


def _fields(found: Sequence[_Found], reader: _Reader, timezone: str) -> dict[str, Any]:
    values: dict[Field, Value] = {each.field: each.value for each in found}
    due, at, rule = values.get("due"), values.get("time"), values.get("recurrence")
    if due is None and rule is not None:
        due = _first_day(rule, reader.today)
    fields: dict[str, Any] = {
        "priority": values.get("priority"),
        "category_id": values.get("category"),
        "tags": list(dict.fromkeys(each.value for each in found if each.field == "tag")) or None,
        "estimated_minutes": values.get("estimate"),
        "recurrence": rule,
    }
    if at is not None:
        day = due or (reader.today if at > reader.now.time() else reader.today + timedelta(days=1))
        fields["due_at"] = datetime.combine(day, at, tzinfo=zone(timezone)).astimezone(UTC)
    elif due is not None:
        fields["due_date"] = due
    return {name: value for name, value in fields.items() if value is not None}


def _first_day(rule: str, today: date) -> date:
    """The first day of a rule that names no other beginning."""
    _, _, names = rule.partition("BYDAY=")
    days = {BYDAY.index(name) for name in names.split(",")} if names else {today.weekday()}
    return next(day for day in (today + timedelta(days=n) for n in range(7)) if day.weekday() in days)


def _understood(each: _Found, tokens: Sequence[_Token], text: str) -> Understood:
    start, end = tokens[each.first].start, tokens[each.last].end
    phrase = text[start:end]
    kept = f"\\{phrase}" if each.first == each.last else f'"{phrase}"'
    return Understood(each.field, phrase, str(each.value), f"{text[:start]}{kept}{text[end:]}")


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _months_on(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _time(hour: int, minute: int) -> time | None:
    return time(hour, minute) if hour < 24 and minute < 60 else None

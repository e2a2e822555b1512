"""What may come in: text, numbers and moments within bounds, and no field that nobody asked for."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from focusflow.recurrence import check_syntax
from focusflow.rrule import BadRecurrence

T = TypeVar("T")

FIRST_YEAR, LAST_YEAR = 1970, 2200

CLOCK = re.compile(r"\d{2}:\d{2}(:00)?")
WRITTEN = re.compile(r"\s*\d{4}-\d{2}-\d{2}")
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Input(BaseModel):
    """A body that a client sends. Unknown fields are refused: a typo must not be a silent no."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Output(BaseModel):
    """A body that the API answers with, complete."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The schema's fields of a row, checked."""
        return cls.model_validate({name: row[name] for name in cls.model_fields})

    def for_replay(self) -> Self:
        """What a repeated request with the same Idempotency-Key gets."""
        return self


def _writable(text: str) -> str:
    """Text that Postgres and every reader can hold: no NUL, no control character but line breaks and tabs, no half of a pair."""
    if found := UNWRITABLE.search(text):
        raise ValueError(f"contains the character U+{ord(found[0]):04X}, which cannot be stored")
    return text


def _not_a_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("is true or false, and should be a number")  # noqa: TRY004 (pydantic collects ValueError)
    return value


def _within_years(value: Any) -> Any:
    if isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _written_out(value: Any) -> Any:
    if isinstance(value, str) and not WRITTEN.match(value):  # a number would be taken for seconds since 1970
        raise ValueError("is not written like 2026-11-20 or 2026-11-20T08:00:00Z")
    if not isinstance(value, str | datetime | date | None):
        raise ValueError("is not written out as text, like 2026-11-20T08:00:00Z")  # noqa: TRY004 (pydantic collects ValueError)
    return value


def _on_the_wall(value: Any) -> Any:
    if not isinstance(value, time) and not (isinstance(value, str) and CLOCK.fullmatch(value)):
        raise ValueError("is not hours and minutes on your own clock, like 07:30")
    return value


def each_once(values: list[T]) -> list[T]:
    """The values in their order, each where it came first.

    >>> each_once(["home", "garden", "home"])
    ['home', 'garden']
    """
    return list(dict.fromkeys(values))


def _recurrence(rule: str) -> str:
    try:
        return check_syntax(rule)
    except BadRecurrence as error:  # pydantic collects ValueError
        raise ValueError(str(error)) from error


#: Comes after the bounds of a text, and before a transaction is opened: no rule costs the database anything before it is known to be one.
RECURRENCE = AfterValidator(_recurrence)

#: Comes after the bounds of a text: then those cost nothing.
WRITABLE = AfterValidator(_writable)

Text = Annotated[str, WRITABLE]
Title = Annotated[str, StringConstraints(min_length=1, max_length=500), WRITABLE]
LongText = Annotated[str, StringConstraints(max_length=20_000), WRITABLE]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60), WRITABLE]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, BeforeValidator(_not_a_boolean)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_within_years)]
Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_within_years)]
Clock = Annotated[time, BeforeValidator(_on_the_wall)]

#: As it is told: hours, minutes and seconds on a wall, which JSON Schema's own `time`, one with an offset, is not.
WallClock = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}$", "examples": ["07:30:00"]})
]

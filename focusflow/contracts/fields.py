"""The types of contract fields: their limits, their lake types, and which texts are personal."""

from datetime import date, time
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints


class PersonalText:
    """Marks personal text. It stays in Postgres and the raw events; no other table of the lake holds it."""


class Hashed:
    """Marks personal text of which other tables of the lake hold a hash by a key of the installation."""


Title = Annotated[str, StringConstraints(min_length=1, max_length=500), PersonalText()]
LongText = Annotated[str, StringConstraints(max_length=20_000), PersonalText()]
Name = Annotated[str, StringConstraints(max_length=200), PersonalText()]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Tag = Annotated[Label, Hashed()]
Instant = AwareDatetime

Actor = Literal["user", "system", "ai", "import"]
Priority = Literal["low", "medium", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
TaskStatus = Literal["pending", "in_progress", "completed", "cancelled", "archived"]
GoalStatus = Literal["active", "completed", "paused", "cancelled"]


class Data(BaseModel):
    """The data of an event: an entity, whole, after the change. Unknown fields are ignored, so that contracts can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


LAKE_TYPES: dict[Any, str] = {
    str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", date: "DATE", AwareDatetime: "TIMESTAMPTZ", time: "TIME", UUID: "VARCHAR", dict: "JSON",
}  # fmt: skip


def lake_type(annotation: Any) -> str:
    """The DuckDB type of a field in the lake.

    >>> lake_type(list[UUID] | None)
    'VARCHAR[]'
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return lake_type(inner[0])
    if origin in (Union, UnionType):
        return lake_type(next(each for each in inner if each is not NoneType))
    if origin is Literal:
        return lake_type(type(inner[0]))
    if origin in (list, tuple):
        return f"{lake_type(inner[0])}[]"
    return LAKE_TYPES[origin or annotation]


def is_personal(annotation: Any) -> bool:
    return _has_mark(annotation, PersonalText)


def is_hashed(annotation: Any) -> bool:
    return _has_mark(annotation, Hashed)


def _has_mark(annotation: Any, mark: type) -> bool:
    if isinstance(annotation, mark):
        return True
    extras = getattr(annotation, "__metadata__", ())
    return any(_has_mark(each, mark) for each in (*extras, *get_args(annotation)))


def public_columns(data: type[Data]) -> dict[str, str]:
    """The fields that leave raw, with their types in the lake; personal texts are not among them."""
    hints = get_type_hints(data, include_extras=True)
    return {name: lake_type(hints[name]) for name in data.model_fields if not is_personal(hints[name])}

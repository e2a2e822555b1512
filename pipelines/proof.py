"""What a noun's contract asks of data, as SQL. Each field must be of its type as JSON, before DuckDB's casts make 5 of 4.7 and '7' of 7.

To ask for a field's JSON type costs as much as to read the field, so it is asked of those alone whose text leaves it open: `7` and `"7"`
read alike, but no number reads like a day, a moment, an id or one of a few words.
"""

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from focusflow.contracts.fields import Data, is_personal, lake_type, public_columns
from focusflow.lake import quoted

#: As which JSON types a type may come.
SHAPES = {
    "VARCHAR": "'VARCHAR'", "DATE": "'VARCHAR'", "TIMESTAMPTZ": "'VARCHAR'", "TIME": "'VARCHAR'", "BOOLEAN": "'BOOLEAN'",
    "BIGINT": "'BIGINT', 'UBIGINT'", "DOUBLE": "'DOUBLE', 'BIGINT', 'UBIGINT'", "JSON": "'OBJECT'",
}  # fmt: skip

#: Types that are looked at as the text that came, and lie in silver as it.
TEXTS = ("VARCHAR", "DATE", "TIMESTAMPTZ", "TIME")

#: How a moment ends: a time of day and its offset. One without would be taken for a moment in UTC, and so would a mere day.
OFFSET = r":\d\d(\.\d+)? ?(Z|[+-]\d\d(:?\d\d)?)$"

#: How a day is written, and how a time of day begins. DuckDB takes the one for the other, and either of a moment.
DAY, TIME_OF_DAY = r"^\d\d\d\d-\d\d-\d\d$", r"^\d\d:\d\d"

#: When a day or a moment is one that every reader of the lake can represent.
IS_FIT = {
    "DATE": f"try_cast({{0}} as date) between '0001-01-01' and '9999-12-31' and regexp_matches({{0}}, {quoted(DAY)})",
    "TIMESTAMPTZ": f"try_cast({{0}} as timestamptz) between '0001-01-02' and '9999-12-31' and regexp_matches({{0}}, {quoted(OFFSET)})",
    "TIME": f"try_cast({{0}} as time) is not null and regexp_matches({{0}}, {quoted(TIME_OF_DAY)})",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a contract: its type without `| None`, whether it must be there, and whether it may be null."""

    name: str
    annotation: Any
    is_required: bool
    is_nullable: bool
    is_public: bool

    @property
    def type(self) -> str:
        return lake_type(self.annotation)

    @property
    def is_told_by_text(self) -> bool:
        """Whether a text that is fit for the field can only have been a JSON string."""
        return self.is_public and self.type in TEXTS and bool(_fit(self.annotation, self.type, ""))


def fields_of(data: type[Data]) -> list[Field]:
    hints = get_type_hints(data, include_extras=True)
    return [
        Field(name, _bare(hints[name]), field.is_required(), _is_nullable(hints[name]), not is_personal(hints[name]))
        for name, field in data.model_fields.items()
    ]


def fragments(data: type[Data]) -> dict[str, str]:
    """What `data.sql` is filled in with."""
    fields = fields_of(data)
    structure = {name: "VARCHAR" if type_ in TEXTS else type_ for name, type_ in public_columns(data).items()}
    asked = [field.name for field in fields if not field.is_told_by_text]
    rules = [rule for field in fields for rule in _rules_of_value(field, _shape(field, asked))]
    rules += [rule for field in fields for rule in _rules_of_presence(field, _shape(field, asked))]
    return {
        "structure": quoted(orjson.dumps(structure).decode()),
        "paths": f"[{', '.join(quoted(f'$.{name}') for name in asked)}]::varchar[]",
        "misfit": f"case {' '.join(rules)} end",
    }


def _shape(field: Field, asked: list[str]) -> str:
    """A field's JSON type. Where the text tells it, only whether it is null or not there has to be asked, and only of those without one."""
    if field.name in asked:
        return f"shapes[{asked.index(field.name) + 1}]"
    return f"case when fields.{field.name} is null then json_type(data, {quoted(f'$.{field.name}')}) else 'VARCHAR' end"


def _rules_of_presence(field: Field, shape: str) -> list[str]:
    """A field with a default may be left out, but not be null."""
    if field.is_nullable:
        return []
    condition = f"coalesce({shape}, 'NULL') = 'NULL'" if field.is_required else f"{shape} = 'NULL'"
    return [f"when {condition} then {quoted(f'data.{field.name} is missing')}"]


def _rules_of_value(field: Field, shape: str) -> list[str]:
    """When a field that is there is not as the contract says. What stays in raw is looked at by its JSON type alone."""
    value, misfit = f"fields.{field.name}", quoted(f"data.{field.name} is not {_wanted(field)}")
    if field.is_told_by_text:
        return [f"when {value} is not null and ({_fit(field.annotation, field.type, value)}) is not true then {misfit}"]
    is_list = field.type.endswith("[]")
    allowed = "'ARRAY'" if is_list else SHAPES[field.type]
    rules = [f"when {shape} not in ({allowed}, 'NULL') then {misfit}"]
    fit = _list_fit(field) if is_list else _fit(field.annotation, field.type, value)
    if field.is_public and fit:
        rules.append(f"when {shape} <> 'NULL' and ({fit}) is not true then {misfit}")
    return rules


def _fit(annotation: Any, type_: str, value: str) -> str:
    """What must be true of a value beyond its JSON type; nothing for most."""
    if get_origin(annotation) is Literal:
        return f"{value} in ({', '.join(quoted(each) for each in get_args(annotation))})"
    if annotation is UUID:
        return f"try_cast({value} as uuid) is not null"
    return IS_FIT.get(type_, "").format(value)


def _list_fit(field: Field) -> str:
    """Of each element: its JSON type, and what else must be true of it. Looked at only where there are any."""
    inner = _bare(get_args(field.annotation)[0])
    type_ = lake_type(inner)
    shapes = f"json_type(data, {quoted(f'$.{field.name}[*]')})"
    rules = [f"len(list_filter({shapes}, lambda each: each not in ({SHAPES[type_]}))) = 0"]
    if fit := _fit(inner, type_, "each"):
        rules.append(f"len(list_filter(fields.{field.name}, lambda each: ({fit}) is not true)) = 0")
    return f"case when len(fields.{field.name}) = 0 then true else {' and '.join(rules)} end"


def _wanted(field: Field) -> str:
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(get_args(field.annotation))}"
    return "UUID" if field.annotation is UUID else field.type


def _bare(annotation: Any) -> Any:
    """
    >>> _bare(Annotated[int | None, "how many"])
    <class 'int'>
    """
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(each for each in get_args(annotation) if each is not NoneType))
    return annotation


def _is_nullable(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_nullable(get_args(annotation)[0])
    return get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation)

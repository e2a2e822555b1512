"""What a noun's contract asks of data, as SQL. Each field must be of its type as JSON, before DuckDB's casts make 5 of 4.7 and '7' of 7.

To read an event's JSON is most of the work, so it is read once. A field whose text leaves its type open (`7` and `"7"` read alike) stays
the JSON that it is and begins with what it is; no number reads like a day, a moment, an id or one of a few words.
"""

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from focusflow.contracts.fields import Data, is_hashed, is_personal, lake_type
from focusflow.lake.tables import quoted

#: How a value begins that is of a type, and for numbers and truths how it goes on.
SHAPES = {
    "VARCHAR": '^"', "DATE": '^"', "TIMESTAMPTZ": '^"', "TIME": '^"', "BOOLEAN": "^[tf]", "BIGINT": r"^-?\d+$", "DOUBLE": r"^-?\d", "JSON": r"^\{",
}  # fmt: skip
LIST = r"^\["

#: Types that lie in silver as the text that came.
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
    is_hashed: bool

    @property
    def type(self) -> str:
        return lake_type(self.annotation)

    @property
    def is_typed_by_text(self) -> bool:
        """Whether a text that is fit for the field can only have been a JSON string."""
        return self.is_public and self.type in TEXTS and bool(_fit(self.annotation, self.type, ""))


def fields_of(data: type[Data]) -> list[Field]:
    hints = get_type_hints(data, include_extras=True)
    return [
        Field(
            name,
            _bare(hints[name]),
            field.is_required(),
            _is_nullable(hints[name]),
            is_public=not is_personal(hints[name]),
            is_hashed=is_hashed(hints[name]),
        )
        for name, field in data.model_fields.items()
    ]


def fragments(data: type[Data]) -> dict[str, str]:
    """What `event.sql` is filled in with."""
    fields = fields_of(data)
    rules = [rule for field in fields for rule in _rules_of_value(field)]
    rules += [_rule_of_presence(field) for field in fields if not field.is_nullable]
    structure = {field.name: "VARCHAR" if field.is_typed_by_text else "JSON" for field in fields}
    return {
        "structure": orjson.dumps(structure).decode(),
        "nothing": " and ".join(f"{_value(field)} is null" for field in fields),
        "misfit": " ".join(rules),
        "public": ", ".join(f"{quoted(field.name)}: {_published(field)}" for field in fields if field.is_public),
    }


def _value(field: Field) -> str:
    return f"said.data.{field.name}"


def _published(field: Field) -> str:
    """What silver holds of a field. Of what is to be hashed, the hash, or those of a list; without a key, nothing."""
    if not field.is_hashed:
        return _value(field)
    if not field.type.endswith("[]"):
        return f"hashed_text($tag_key, user_id, json_extract_string({_value(field)}, '$'))"
    hashes = f"list_transform(json_extract_string({_value(field)}, '$[*]'), lambda each: hashed_text($tag_key, user_id, each))"
    return f"case when $tag_key is null then []::varchar[] else {hashes} end"


def _rule_of_presence(field: Field) -> str:
    """A field with a default may be left out, but not be null."""
    condition = f"{_value(field)} is null"
    if not field.is_required:
        condition += f" and json_type(text, {quoted(f'$.data.{field.name}')}) = 'NULL'"
    return f"when {condition} then {quoted(f'data.{field.name} is missing')}"


def _rules_of_value(field: Field) -> list[str]:
    """When a field that is there is not as the contract says. What stays in raw is looked at by its JSON type alone."""
    value, is_list = _value(field), field.type.endswith("[]")
    if field.is_typed_by_text:
        conditions = [_fit(field.annotation, field.type, value)]
    else:
        conditions = [f"regexp_matches({value}::varchar, {quoted(LIST if is_list else SHAPES[field.type])})"]
        if field.is_public:
            conditions.append(_list_fit(field) if is_list else _fit(field.annotation, field.type, f"({value} ->> '$')"))
    misfit = quoted(f"data.{field.name} is not {_wanted(field)}")
    return [f"when {value} is not null and ({each}) is not true then {misfit}" for each in conditions if each]


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
    rules = [f"regexp_matches(each::varchar, {quoted(SHAPES[type_])})"]
    if fit := _fit(inner, type_, "(each ->> '$')"):
        rules.append(f"({fit})")
    elements = f"json_extract({_value(field)}, '$[*]')"
    misfits = f"list_filter({elements}, lambda each: ({' and '.join(rules)}) is not true)"
    return f"case when {_value(field)}::varchar = '[]' then true else len({misfits}) = 0 end"


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

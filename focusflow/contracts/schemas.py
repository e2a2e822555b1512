"""The contracts as JSON Schema: what is served, written into docs/schemas, and held against what was promised before."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from focusflow.contracts.envelope import Event
from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import NOUNS, Noun

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE: Final = "focusflow:event:1"

Schema = Mapping[str, Any]

#: What only explains a field; a reader does not depend on it.
EXPLAINING: Final = ("title", "description", "examples")


def described(noun: Noun) -> Schema:
    """The data of a noun's events. `x-types` are the events that carry it, `x-personal` the fields that leave raw for no other table."""
    schema = noun.data.model_json_schema()
    personal = sorted(noun.data.model_fields.keys() - public_columns(noun.data).keys())
    return {"$schema": DIALECT, "$id": noun.schema, **schema, "x-types": list(noun.types), "x-personal": personal}


#: Every schema by the name under which events refer to it; first the envelope, which holds the data of the others.
SCHEMAS: Final[Mapping[str, Schema]] = {
    ENVELOPE: {"$schema": DIALECT, "$id": ENVELOPE, **Event.model_json_schema()}
} | {noun.schema: described(noun) for noun in NOUNS}


def breaks(promised: Schema, present: Schema) -> Iterator[str]:
    """What a reader or writer who relies on the promised schema can rely on no more. To grow is allowed: events and optional fields.

    >>> list(breaks({"properties": {"a": {"type": "string"}}}, {"properties": {}}))
    ['a is gone']
    """
    before, after = promised.get("properties", {}), present.get("properties", {})
    yield from (f"{name} is gone" for name in before if name not in after)
    for name in before.keys() & after.keys():
        if _meaning(before[name]) != _meaning(after[name]):
            yield f"{name} means something else"
    was, needed = set(promised.get("required", [])), set(present.get("required", []))
    yield from (f"{name} is needed now, and older events lack it" for name in sorted(needed - was))
    yield from (f"{name} may be missing now" for name in sorted(was & after.keys() - needed))
    for name in promised.get("x-types", []):
        if name not in present.get("x-types", []):
            yield f"{name} happens no more"
    # a text that was public is missing in silver now, and one that was personal has left raw
    if set(promised.get("x-personal", [])) ^ (set(present.get("x-personal", [])) & before.keys()):
        yield "other fields are personal"


def _meaning(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {name: _meaning(value) for name, value in schema.items() if name not in EXPLAINING}
    return [_meaning(each) for each in schema] if isinstance(schema, list) else schema

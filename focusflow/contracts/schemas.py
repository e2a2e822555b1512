"""The contracts as JSON Schema: served, written to docs/schemas, and compared with the released schemas."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from focusflow.contracts.envelope import Event
from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import NOUNS, Noun

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE: Final = "focusflow:event:1"

Schema = Mapping[str, Any]

#: Keywords that only describe a field; no reader depends on them.
EXPLAINING: Final = ("title", "description", "examples")


def described(noun: Noun) -> Schema:
    """The schema of a noun's data. `x-types` are its event types, `x-personal` the fields that stay in raw."""
    schema = noun.data.model_json_schema()
    personal = sorted(noun.data.model_fields.keys() - public_columns(noun.data).keys())
    return {"$schema": DIALECT, "$id": noun.schema, **schema, "x-types": list(noun.types), "x-personal": personal}


#: Every schema by the name that events refer to; first the envelope, which contains the data of the others.
SCHEMAS: Final[Mapping[str, Schema]] = {
    ENVELOPE: {"$schema": DIALECT, "$id": ENVELOPE, **Event.model_json_schema()}
} | {noun.schema: described(noun) for noun in NOUNS}


def breaks(promised: Schema, present: Schema) -> Iterator[str]:
    """The breaking changes against a released schema. New events and optional fields are allowed.

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

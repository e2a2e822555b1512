"""What a body becomes: each field of a task or an appointment by a JSONPath, or a fixed text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from pydantic import ValidationError

from focusflow.errors import Invalid
from operational_api.calendar.schemas import NewEvent
from operational_api.http.errors import sentence
from operational_api.tasks.schemas import NewTask

#: The field by which the same thing is known when it comes again.
ID: Final = "id"
ID_CHARACTERS = 500
PATH_CHARACTERS = 200

TARGETS: Final[Mapping[str, type[NewTask | NewEvent]]] = {"task": NewTask, "event": NewEvent}

#: Fields of several values: they take all that a path finds.
MANY: Final = frozenset({"tags", "attendees", "extra_rrules", "rdates", "exdates"})

#: Rows of this account that a body from elsewhere cannot know.
REFERENCES: Final = frozenset({"blocked_by"})

PATHS: Final = JSONPathEnvironment(strict=True)
for regular_expression in ("match", "search"):  # a pattern can take longer than any body is worth
    del PATHS.function_extensions[regular_expression]


class Unmapped(Invalid):
    """The body does not become what the hook creates."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a body becomes. `errors` name the fields that cannot be filled, each with its path."""

    fields: Mapping[str, Any]
    id: str | None
    errors: list[dict[str, str]]


def field_names(target: str) -> list[str]:
    """What a mapping can fill.

    >>> field_names("event")[:3]
    ['id', 'location', 'rrule']
    """
    return [ID, *(name for name in TARGETS[target].model_fields if name not in REFERENCES)]


def check(target: str, mapping: Mapping[str, str]) -> None:
    """Refuse a mapping that can never work."""
    known = field_names(target)
    for name, source in mapping.items():
        if name not in known:
            raise Invalid.field(f"body.mapping.{name}", f"there is no such field; there are {', '.join(known)}")
        if source.startswith("$"):
            _compiled(name, source)


def mapped(target: str, mapping: Mapping[str, str], body: Any) -> Mapped:
    """Fill the fields. What a path does not find is left out."""
    values = {name: _value(name, source, body) for name, source in mapping.items()}
    own_id = values.pop(ID, None)
    given = {name: value for name, value in values.items() if value is not None and value != []}
    errors: list[dict[str, str]] = []
    if ID in mapping and own_id is None:
        errors.append({"field": ID, "message": f"{mapping[ID]} finds nothing"})
    try:
        fields = TARGETS[target].model_validate(given).model_dump()
    except ValidationError as error:
        fields = {}
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(each["loc"][0]) if each["loc"] else "body"
            errors.append({"field": name, "message": _wrong(mapping.get(name), each)})
    return Mapped(fields, None if own_id is None else str(own_id)[:ID_CHARACTERS], errors)


def _wrong(source: str | None, error: Any) -> str:
    if error["type"] == "missing":
        return f"{source} finds nothing" if source else "is missing: give it a path"
    return (
        f"what {source} finds {sentence(error['msg'])}" if source and source.startswith("$") else sentence(error["msg"])
    )


def _value(name: str, source: str, body: Any) -> Any:
    if not source.startswith("$"):
        return [part.strip() for part in source.split(",")] if name in MANY else source
    found = [each.value for each in _compiled(name, source).finditer(body)]
    if name in MANY:
        flat = found[0] if len(found) == 1 and isinstance(found[0], list) else found
        return [str(each) for each in flat if isinstance(each, str | int | float)]
    return found[0] if found else None


def _compiled(name: str, source: str) -> JSONPath:
    """A path whose cost is bounded: it descends by names, and filters once."""
    if ".." in source or source.count("?") > 1 or source.count("*") > 2:
        raise Invalid.field(f"body.mapping.{name}", "the path should name each step, and filter once at most")
    try:
        path = PATHS.compile(source)
    except (JSONPathError, RecursionError) as error:
        raise Invalid.field(
            f"body.mapping.{name}", f"{source} is not a JSONPath: {str(error).splitlines()[0]}"
        ) from error
    if not isinstance(path, JSONPath):
        raise Invalid.field(f"body.mapping.{name}", "the path should be a single one")
    return path

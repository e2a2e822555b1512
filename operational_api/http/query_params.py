"""Query strings: a name that the route does not declare is refused, and the filter of a hot list is parsed once for all equal query strings."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from operational_api.http.schema_base import Input

Filter = TypeVar("Filter", bound=Input)


def check_names(request: Request, names: Collection[str]) -> None:
    """Refuse a query parameter that the route does not declare."""
    unknown = [name for name in request.query_params if name not in names]
    if unknown:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": "Extra inputs are not permitted"} for name in unknown]
        )


def query_names(dependant: Dependant) -> frozenset[str]:
    """The query parameters that a handler and its dependencies declare."""
    return frozenset(_names(dependant))


def _names(dependant: Dependant) -> Iterator[str]:
    for each in dependant.query_params:
        shape = each.field_info.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            yield from (field.alias or name for name, field in shape.model_fields.items())
        else:
            yield each.alias
    for below in dependant.dependencies:
        if isinstance(below.call, QueryFilter):
            yield from below.call.shape.model_fields
        yield from _names(below)


class QueryFilter(Generic[Filter]):
    """As a dependency: the filter in a query string. FastAPI would parse each field of it for each request, which costs a list of tasks a tenth
    of its time. Equal query strings share a filter, so it must not be changed.
    """

    def __init__(self, shape: type[Filter]) -> None:
        self.shape = shape
        self._parse_once = lru_cache(4096)(self._parse)

    async def __call__(self, request: Request) -> Filter:
        return self._parse_once(request.scope["query_string"])

    def _parse(self, query: bytes) -> Filter:
        given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        try:
            return self.shape.model_validate(given)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False)
            raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in wrong]) from error

    def openapi(self) -> dict[str, Any]:
        """The parameters as the API description of a route shows them."""
        schema = self.shape.model_json_schema()
        parameters = [
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": {key: value for key, value in shape.items() if key != "description"},
                **({"description": shape["description"]} if "description" in shape else {}),
            }
            for name, shape in schema["properties"].items()
        ]
        return {"parameters": parameters}

"""What a query string asks for: nothing that its route does not know, and on a hot list read once for all requests that ask the same."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from operational_api.http.schema_base import Input

Filter = TypeVar("Filter", bound=Input)

#: Called by programs that are not ours to mend: libraries of Segment, probes, and mail programs, which mark the links that they open.
TOLERANT = ("/v1/", "/health/", "/metrics", "/api/v1/reports/unsubscribe/")


#: Which names each route's function knows, found out once.
KNOWN: dict[Callable[..., Any], frozenset[str]] = {}


def nothing_unknown(request: Request) -> None:
    """Refuse what a route does not know: a typo in a query string must not be a silent no."""
    route = request.scope["route"]
    if not request.query_params or request.url.path.startswith(TOLERANT) or not isinstance(route, APIRoute):
        return
    unknown = [name for name in request.query_params if name not in _known_to(route)]
    if unknown:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": "Extra inputs are not permitted"} for name in unknown]
        )


def _known_to(route: APIRoute) -> frozenset[str]:
    if route.endpoint not in KNOWN:
        told = (route.openapi_extra or {}).get("parameters", ())  # by `AskedFor`
        KNOWN[route.endpoint] = frozenset(each["name"] for each in told) | frozenset(_parameters(route.dependant))
    return KNOWN[route.endpoint]


def _parameters(dependant: Dependant) -> Iterator[str]:
    for each in dependant.query_params:
        shape = each.field_info.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            yield from (field.alias or name for name, field in shape.model_fields.items())
        else:
            yield each.alias
    for below in dependant.dependencies:
        yield from _parameters(below)


class AskedFor(Generic[Filter]):
    """As a dependency: the filter that the query string names. Filters are shared between requests, so nobody changes one."""

    def __init__(self, shape: type[Filter]) -> None:
        self.shape = shape
        self._read = lru_cache(4096)(self._parsed)

    async def __call__(self, request: Request) -> Filter:
        return self._read(request.scope["query_string"])

    def _parsed(self, query: bytes) -> Filter:
        said = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        try:
            return self.shape.model_validate(said)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False)
            raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in wrong]) from error

    def described(self) -> dict[str, Any]:
        """Its parameters, for the description of a route."""
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

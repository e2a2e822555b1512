"""What a query string asks for, read once for all requests that ask the same: on a hot list, reading it costs more than most else."""

from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from operational_api.shapes import Input

Filter = TypeVar("Filter", bound=Input)


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

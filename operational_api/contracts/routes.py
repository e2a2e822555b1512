"""The contracts of events over HTTP. They are the same for everybody, so nobody needs to sign in."""

from typing import Any

from fastapi import APIRouter

from focusflow.contracts.schemas import SCHEMAS
from focusflow.errors import Invalid, NotFound
from operational_api.contracts.schemas import SchemaName, SchemaNames
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute

router = APIRouter(prefix="/schemas", tags=["Events"], route_class=TypedRoute)


class SchemaNotFound(NotFound):
    """There is no such schema. `GET /api/v1/schemas` lists them."""


@router.get("")
def list_schemas() -> SchemaNames:
    """The JSON Schemas of events: of the envelope, and of the data of each kind."""
    return SchemaNames(items=[SchemaName(name=name, types=each.get("x-types", [])) for name, each in SCHEMAS.items()])


@router.get("/{name}", responses=problems(SchemaNotFound, Invalid))
def get_schema(name: str) -> dict[str, Any]:
    """One JSON Schema, under the name by which events refer to it."""
    if name not in SCHEMAS:
        raise SchemaNotFound
    return dict(SCHEMAS[name])

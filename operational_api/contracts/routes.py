"""Event schemas over HTTP. They are public."""

from typing import Any

from fastapi import APIRouter

from focusflow.contracts.schemas import SCHEMAS
from focusflow.errors import Invalid, NotFound
from operational_api.contracts.schemas import SchemaName, SchemaNames
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute

router = APIRouter(prefix="/schemas", tags=["Events"], route_class=TypedRoute)


class SchemaNotFound(NotFound):
    """No schema has this name. `GET /api/v1/schemas` lists them."""


@router.get("")
def list_schemas() -> SchemaNames:
    """List the JSON Schemas of events: the envelope, and the data of each type."""
    return SchemaNames(items=[SchemaName(name=name, types=each.get("x-types", [])) for name, each in SCHEMAS.items()])


@router.get("/{name}", responses=problems(SchemaNotFound, Invalid))
def get_schema(name: str) -> dict[str, Any]:
    """Get a JSON Schema by the name used in `dataschema`."""
    if name not in SCHEMAS:
        raise SchemaNotFound
    return dict(SCHEMAS[name])

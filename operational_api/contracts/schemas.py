"""Response schemas of the schema registry."""

from pydantic import Field

from operational_api.http.schema_base import Output


class SchemaName(Output):
    """A schema."""

    name: str = Field(description="Value of `dataschema` in events.", examples=["focusflow:task:1"])
    types: list[str] = Field(description="Event types whose data it describes.", examples=[["task.created"]])


class SchemaNames(Output):
    """All schemas."""

    items: list[SchemaName]

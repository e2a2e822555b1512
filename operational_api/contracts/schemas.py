"""The shapes of what is told about schemas."""

from pydantic import Field

from operational_api.http.schema_base import Output


class SchemaName(Output):
    """A schema."""

    name: str = Field(description="As `dataschema` of an event names it.", examples=["focusflow:task:1"])
    types: list[str] = Field(description="The events whose data it describes.", examples=[["task.created"]])


class SchemaNames(Output):
    """Every schema."""

    items: list[SchemaName]

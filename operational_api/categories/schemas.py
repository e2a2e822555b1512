"""Request and response schemas of categories."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from operational_api.http.schema_base import Input, Label, Output

Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class NewCategory(Input):
    """A new category."""

    name: Label = Field(examples=["Home"])
    color: Color | None = Field(None, examples=["#2a9d8f"])
    icon: Label | None = Field(None, examples=["house"])


class CategoryChange(Input):
    """Fields to change. Omitted fields stay as they are."""

    name: Label | None = None
    color: Color | None = Field(None, examples=["#e76f51"])
    icon: Label | None = None


class Category(Output):
    """A category."""

    id: UUID
    name: str
    color: str | None
    icon: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class Categories(Output):
    """All your categories, by name."""

    items: list[Category]

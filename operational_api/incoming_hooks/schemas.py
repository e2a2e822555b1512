"""Request and response schemas of incoming hooks."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from operational_api.http.errors import FieldError
from operational_api.http.schema_base import WRITABLE, Input, Output
from operational_api.incoming_hooks.mapping import PATH_CHARACTERS

Name = Annotated[str, StringConstraints(min_length=1, max_length=100), WRITABLE]
Target = Literal["task", "event"]
Source = Annotated[str, StringConstraints(min_length=1, max_length=PATH_CHARACTERS), WRITABLE]
Mapping = Annotated[dict[str, Source], Field(min_length=1, max_length=20)]

EXAMPLE = {"title": "$.issue.title", "id": "$.issue.number", "priority": "high"}
MAPPING = "For each field a JSONPath that begins with `$`, or a fixed text. `id` makes sure that the same thing is taken once."


class NewHook(Input):
    """A hook to create."""

    name: Name = Field(examples=["Issues of the team"])
    target: Target = Field(description="What a body becomes: a task or an appointment.", examples=["task"])
    mapping: Mapping = Field(description=MAPPING, examples=[EXAMPLE])


class HookChange(Input):
    """Fields to change. Omitted fields stay as they are."""

    name: Name | None = None
    mapping: Mapping | None = Field(None, description=MAPPING, examples=[EXAMPLE])


class Hook(Output):
    """A hook, without its address."""

    id: UUID
    name: str
    target: Target
    mapping: dict[str, str]
    last_used_at: datetime | None = Field(description="When something last came in.")
    problem: str | None = Field(description="Why the last body was refused; null if it was not.")
    created_at: datetime
    version: int


class HookWithAddress(Hook):
    """A hook with its address, which is shown this once."""

    url: str | None = Field(description="Where to post JSON to. Null in the answer to a repeated request.")

    def for_replay(self) -> Self:
        return self.model_copy(update={"url": None})


class Hooks(Output):
    """Your hooks, the oldest first."""

    items: list[Hook]


class NewPreview(Input):
    """A mapping, and a body to try it on."""

    target: Target = Field(examples=["task"])
    mapping: Mapping = Field(examples=[EXAMPLE])
    body: Any = Field(
        description="What the program would post.", examples=[{"issue": {"title": "Fix it", "number": 7}}]
    )


class HookPreview(Output):
    """What a body would become. Nothing is saved."""

    fields: dict[str, Any]
    id: str | None = Field(description="By what it is known when it comes again; null without a mapping of `id`.")
    errors: list[FieldError]


class Accepted(Output):
    """What came of a body."""

    id: UUID = Field(description="The task or appointment.")
    is_new: bool = Field(description="False if the same thing was taken before.")

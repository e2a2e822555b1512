"""The shapes of API keys."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from focusflow.scopes import Scope
from operational_api.http.schema_base import Input, Moment, Output, Text


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


Name = Annotated[Text, StringConstraints(min_length=1, max_length=100)]


class NewKey(Input):
    """A key to make."""

    name: Name = Field(description="Where it will be used.", examples=["Phone widget"])
    scopes: Annotated[list[Scope], AfterValidator(_each_once)] = Field(
        min_length=1, max_length=len(Scope), description="What it may do.", examples=[["tasks:read", "scores:read"]]
    )
    expires_at: Moment | None = Field(None, description="Void from then on; never, if left out.")


class Key(Output):
    """A key, without its secret."""

    id: UUID
    name: str
    prefix: str = Field(description="How it begins, to tell it from others.", examples=["ff_3f9a1c0e"])
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None = Field(description="To within five minutes.")
    expires_at: datetime | None
    revoked_at: datetime | None


class MadeKey(Key):
    """A key that was just made. Its secret is shown this once."""

    key: str | None = Field(
        description="The key itself. It is not stored and cannot be shown again, not even to a repeated request."
    )

    def for_replay(self) -> Self:
        """The recorded answer must not hold the secret."""
        return self.model_copy(update={"key": None})


class Keys(Output):
    """Your keys: first those that work, then the others, each the newest first; 200 at most."""

    items: list[Key]

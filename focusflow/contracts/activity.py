"""Events of client apps, and of what the platform does for a user."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from focusflow.contracts.fields import Data, Hashed, Label, PersonalText


class Activity(Data):
    """One use of a client app. The content of its properties is unknown, so they count as personal."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    properties: Annotated[dict[str, Any], PersonalText()] = {}
    session_id: Annotated[str, Field(max_length=200), Hashed()] | None = None
    platform: Label | None = None
    app_version: Annotated[Label, Hashed()] | None = None
    app_user_id: Annotated[
        UUID | None,
        Field(description="The pseudonym of the app's own user. Null for activity of the account itself."),
    ] = None
    app_user_aliases: Annotated[
        list[UUID] | None, Field(max_length=4, description="Pseudonyms that are the same user from now on.")
    ] = None
    is_known_app_user: Annotated[
        bool | None, Field(description="Whether the app named its user, not only a device.")
    ] = None


class Generation(Data):
    """A text or plan that was generated."""

    kind: Label
    model: Label
    tokens_in: Annotated[int, Field(ge=0)] = 0
    tokens_out: Annotated[int, Field(ge=0)] = 0
    cost: Annotated[float, Field(ge=0)] = 0


class ReportDelivery(Data):
    """The outcome of a report's delivery."""

    kind: Label
    period: Label
    reason: Annotated[str, Field(max_length=500)] | None = None

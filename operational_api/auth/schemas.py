"""The shapes of accounts and sessions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import EmailStr, Field, StringConstraints

from operational_api.shapes import Input, Output, Text, Whole

Email = Annotated[EmailStr, StringConstraints(max_length=254)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128, strip_whitespace=False)]
DisplayName = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Zone = Annotated[str, StringConstraints(max_length=100)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
FocusGoal = Annotated[Whole, Field(ge=1, le=1440)]
WeekStart = Annotated[Whole, Field(ge=0, le=6, description="The first day of your week, Monday = 0.")]


class Registration(Input):
    """A new account."""

    email: Email = Field(examples=["ada@example.com"])
    password: Password = Field(examples=["a long sentence is a good password"])
    display_name: DisplayName = Field(examples=["Ada"])
    timezone: Zone = Field("UTC", description="An IANA time zone.", examples=["Europe/Berlin"])
    locale: Locale = "en"


class SignIn(Input):
    """Proof of who you are."""

    email: Annotated[str, StringConstraints(max_length=254)] = Field(examples=["demo@example.com"])
    password: Annotated[str, StringConstraints(max_length=128, strip_whitespace=False)] = Field(
        examples=["focusflow-demo"]
    )


class RefreshToken(Input):
    """The refresh token of the last answer."""

    refresh_token: Annotated[str, StringConstraints(max_length=200)]


class Tokens(Output):
    """What to sign requests with, and how to get the next."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str = Field(description="Good for one use: it is answered with a new pair.")


class Me(Output):
    """Your account."""

    id: UUID
    email: str
    display_name: str
    timezone: str
    locale: str
    week_start: int
    role: Literal["user", "analyst", "admin"]
    daily_focus_goal_minutes: int | None
    created_at: datetime
    version: int


class MeChange(Input):
    """What to change; what is left out stays."""

    display_name: DisplayName | None = None
    timezone: Zone | None = Field(None, examples=["America/New_York"])
    locale: Locale | None = None
    week_start: WeekStart | None = None
    daily_focus_goal_minutes: FocusGoal | None = None

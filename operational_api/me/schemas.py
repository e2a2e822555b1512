"""The shapes of one's own account."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from focusflow.settings import Locale
from operational_api.auth.schemas import DisplayName, Zone
from operational_api.http.schema_base import Input, Output, Whole

FocusGoal = Annotated[Whole, Field(ge=1, le=1440)]
WeekStart = Annotated[Whole, Field(ge=0, le=6, description="The first day of your week, Monday = 0.")]


class Me(Output):
    """Your account."""

    id: UUID
    email: str
    email_is_verified: bool
    display_name: str
    timezone: str
    locale: str
    week_start: int
    role: Literal["user", "analyst", "admin"]
    daily_focus_goal_minutes: int | None
    erasure_due_at: datetime | None = Field(
        description="When the account is erased, if you asked for that and have not cancelled."
    )
    lacks_second_factor: bool = Field(
        description="Whether two-factor authentication is required of the account and not set up. Until then, other calls are refused."
    )
    created_at: datetime
    version: int


class MeChange(Input):
    """Fields to change. Omitted fields stay as they are."""

    display_name: DisplayName | None = None
    timezone: Zone | None = Field(None, examples=["America/New_York"])
    locale: Locale | None = None
    week_start: WeekStart | None = None
    daily_focus_goal_minutes: FocusGoal | None = None

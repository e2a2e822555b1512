"""The account of a user."""

from typing import Annotated, Literal

from pydantic import Field

from focusflow.contracts.fields import Data, Name


class User(Data):
    """An account."""

    email: Name
    display_name: Name
    timezone: str
    locale: str = "en"
    week_start: Annotated[int, Field(ge=0, le=6, description="The first day of the user's week, Monday = 0.")] = 0
    role: Literal["user", "analyst", "admin"] = "user"
    daily_focus_goal_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    is_active: bool = True

"""Request and response schemas of preferences."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from focusflow.notification_kinds import KINDS, Channel
from operational_api.http.schema_base import Clock, Flag, Input, Output, WallClock, Whole

if TYPE_CHECKING:
    Type = str
else:  # a type checker cannot read the folder of kinds
    Type = Literal[tuple(KINDS)]


def _each_once(channels: list[Channel]) -> list[Channel]:
    return sorted(set(channels))


class Choice(BaseModel):
    """Channels of one notification kind."""

    model_config = ConfigDict(extra="forbid")

    is_enabled: Flag
    channels: Annotated[list[Channel], Field(max_length=10), AfterValidator(_each_once)]


class PreferencesChange(Input):
    """Fields to change. Omitted fields stay as they are."""

    quiet_from: Clock | None = Field(
        None, description="Start of quiet hours, local time. No emails are sent in them.", examples=["22:00"]
    )
    quiet_until: Clock | None = Field(None, description="End of quiet hours, local time.", examples=["07:00"])
    weekly_report: Flag | None = None
    weekly_report_day: Annotated[Whole, Field(ge=0, le=6)] | None = Field(None, description="Monday = 0.")
    weekly_report_hour: Annotated[Whole, Field(ge=0, le=23)] | None = None
    monthly_report: Flag | None = None
    empty_week: Literal["line", "nothing"] | None = Field(
        None, description="What to send after a week without activity: one friendly line, or nothing."
    )
    calm_mode: Flag | None = Field(None, description="Calm mode: one next step at a time, no red.")
    work_from: Clock | None = Field(None, description="Start of working hours, local time.", examples=["08:30"])
    work_until: Clock | None = Field(
        None, description="End of working hours, local time. Free time and plans stay within them."
    )
    notifications: dict[Type, Choice] | None = None


class Preferences(Output):
    """All your preferences."""

    quiet_from: WallClock | None
    quiet_until: WallClock | None
    weekly_report: bool
    weekly_report_day: int
    weekly_report_hour: int
    monthly_report: bool
    empty_week: Literal["line", "nothing"]
    calm_mode: bool
    work_from: WallClock
    work_until: WallClock
    notifications: dict[Type, Choice]
    version: int = Field(description="0 until a preference is set.")

"""The shapes of scores."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from operational_api.http.schema_base import Output


class Reason(Output):
    """A part of a score, in words."""

    code: str
    text: str = Field(examples=["due tomorrow"])
    points: float = Field(description="The points of all reasons add up to the score.")


class Score(Output):
    """A task that can be begun, and how pressing it is."""

    task_id: UUID
    title: str
    score: float = Field(ge=0, le=100)
    rank: int = Field(description="1 is what to do first.")
    due_rank: int = Field(description="Its place by due date alone.")
    urgency_rank: int = Field(description="Its place by Taskwarrior's urgency.")
    reasons: list[Reason] = Field(description="Largest first.")
    deadline_risk: float | None = Field(description="0-1: how likely its due date is missed.")
    importance: float | None = Field(description="0-1: by priority, goal, and what waits for it.")
    likelihood: float | None = Field(description="0-1: how likely you do it by the end of tomorrow.")
    due_at: datetime | None
    due_date: date | None
    status: Literal["pending", "in_progress"]
    version: int = Field(description="The version of the task that was scored.")
    is_baseline: bool = Field(description="Whether a simple rule stands in for the learned model.")
    model_version: str
    as_of: datetime


class Scores(Output):
    """Tasks by score."""

    items: list[Score]

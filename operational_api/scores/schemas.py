"""Response schemas of scores."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from focusflow.contracts.fields import Priority
from operational_api.http.schema_base import Day, Input, Moment, Output
from operational_api.tasks.schemas import Minutes


class Reason(Output):
    """A part of a score as text."""

    code: str
    text: str = Field(examples=["due tomorrow"])
    points: float = Field(description="Points of the score. Those of all reasons add up to it.")


class Score(Output):
    """An actionable task and its score."""

    task_id: UUID
    title: str
    score: float = Field(ge=0, le=100)
    rank: int = Field(description="Rank by score, from 1.")
    due_rank: int = Field(description="Rank by due date alone.")
    urgency_rank: int = Field(description="Rank by Taskwarrior's urgency.")
    reasons: list[Reason] = Field(description="Largest first.")
    deadline_risk: float | None = Field(description="Probability that the due date is missed.")
    importance: float | None = Field(description="Importance from 0 to 1 by priority, goal and blocked tasks.")
    likelihood: float | None = Field(description="Probability that you complete it by the end of tomorrow.")
    due_at: datetime | None
    due_date: date | None
    status: Literal["pending", "in_progress"]
    version: int = Field(description="Version of the scored task.")
    is_baseline: bool = Field(description="Whether a simple rule replaces the learned model.")
    model_version: str
    as_of: datetime


class Then(Input):
    """A moment of the past."""

    as_of: Moment


class PastScore(Output):
    """A task that was open then, and its score."""

    task_id: UUID
    title: str | None = Field(description="The title of now. Null where the task has been deleted since.")
    rank: int
    score: float
    deadline_risk: float | None
    importance: float | None
    likelihood: float | None
    model_version: str


class PastScores(Output):
    """Scores as they were at a past moment, by what served then."""

    as_of: datetime
    late_events: int = Field(description="Events of before that moment that were recorded after it.")
    items: list[PastScore]


class Scores(Output):
    """Tasks by score. Open tasks are those that can be begun, which have a score, those not to be begun yet, and those blocked."""

    open: int = Field(description="All open tasks.")
    overdue: int = Field(description="Of those, the ones whose due date has passed.")
    not_begun: int = Field(description="Open tasks whose start lies ahead.")
    blocked: int = Field(description="Other open tasks that wait for another one.")
    items: list[Score]


class WhatIf(Input):
    """Changes to try. Omitted fields stay as they are; null clears a field."""

    priority: Priority | None = Field(None, examples=["urgent"])
    due_at: Moment | None = None
    due_date: Day | None = None
    estimated_minutes: Minutes | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.due_at and self.due_date:
            raise ValueError("send due_at or due_date, not both")
        if "priority" in self.model_fields_set and self.priority is None:
            raise ValueError("priority cannot be empty")
        return self


class WhatIfScore(Output):
    """A score that a task would have, and the one it has, both as of now."""

    score: float
    rank: int
    score_now: float
    rank_now: int
    tasks: int = Field(description="Number of tasks in the ranking.")
    reasons: list[Reason] = Field(description="Of the score that it would have, largest first.")
    is_baseline: bool
    model_version: str

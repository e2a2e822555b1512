"""What a writer of insights is given and gives back. Whoever writes, the shape is the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from reports.periods.facts import Facts

Text = Annotated[str, Field(min_length=1, max_length=300)]


class Shape(BaseModel):
    """Nothing beside what is named here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(Shape):
    """A number that a sentence rests on, under its name in the facts."""

    metric: str
    value: float


class Remark(Shape):
    """One sentence and what it rests on."""

    text: Text
    evidence: list[Evidence] = Field(min_length=1, max_length=4)


class Insights(Shape):
    """What there is to say about a period."""

    headline: Text
    observations: list[Remark] = Field(min_length=2, max_length=5)
    suggestions: list[Remark] = Field(min_length=1, max_length=3)


class NotWritten(Exception):
    """There are no words from this writer now; the text says why."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is to be written about: figures under names of ours. Nothing in it was written by a user, so nothing in it can give orders."""

    kind: str
    prompt: str
    user_id: UUID
    timezone: str
    period: str
    numbers: Mapping[str, float]
    compared: Mapping[str, str]

    def as_data(self) -> dict[str, Any]:
        """What a service is told."""
        numbers = {name: round(value, 1) for name, value in self.numbers.items()}
        return {"period": self.period, "figures": numbers, "compared_with_usual": dict(self.compared)}


def topic_of(facts: Facts, kind: str = "insights") -> Topic:
    trends = {name: usual.trend for name, usual in facts.usual.items()}
    who = facts.user
    return Topic(kind, "insights", who.id, who.timezone, facts.span, facts.by_name(), trends)


class Writer(Protocol):
    """Puts a topic into words, or raises `NotWritten`."""

    def write(self, topic: Topic) -> Insights: ...


@dataclass(frozen=True, slots=True)
class Written:
    """Words, who wrote them, and why it was not the other."""

    insights: Insights
    by: str
    reason: str | None = None


def written(topic: Topic, service: Writer | None, locally: Callable[[], Insights]) -> Written:
    """The service's words where it has any, else those of the local writer: there are always words."""
    if service is None:
        return Written(locally(), "local")
    try:
        return Written(service.write(topic), "service")
    except NotWritten as reason:
        return Written(locally(), "local", str(reason))

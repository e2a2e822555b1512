"""What a writer of insights is given and gives back. Whoever writes, the shape is the same."""

from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from reports.facts import Facts

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


class Writer(Protocol):
    """Puts facts into words."""

    def write(self, facts: Facts) -> Insights: ...

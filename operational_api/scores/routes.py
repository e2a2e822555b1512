"""Priority scores over HTTP: open tasks, the most pressing first, each with its reasons."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from focusflow.database.queries import load_queries
from focusflow.problems import Invalid, NotSignedIn
from operational_api.problems import problems
from operational_api.shapes import Output
from operational_api.work import UnitOfWork

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/scores", tags=["Scores"])


class Reason(Output):
    """A part of a score, in words."""

    code: str
    text: str = Field(examples=["due tomorrow"])
    points: float = Field(description="The points of all reasons add up to the score.")


class Score(Output):
    """An open task and how pressing it is."""

    task_id: UUID
    title: str
    score: float = Field(ge=0, le=100)
    rank: int = Field(description="1 is what to do first.")
    reasons: list[Reason]
    due_at: datetime | None
    due_date: str | None
    status: str
    version: int
    model_version: str
    as_of: datetime


class Scores(Output):
    """Open tasks by score."""

    items: list[Score]


@router.get("", response_model=Scores, responses=problems(NotSignedIn, Invalid))
def list_scores(work: UnitOfWork, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
    """Your open tasks, the most pressing first, as of the last refresh."""
    row = work.tx.one(QUERIES["by_rank"], {"limit": limit})
    assert row is not None
    return work.reply(f'{{"items":{row["items"]}}}'.encode())

"""Analytics over HTTP. Postgres makes the JSON of what the pipeline published; nothing is computed here that a table holds."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, LiteralString

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.clock import local_date
from focusflow.database.queries import load_queries
from focusflow.errors import Forbidden, Invalid, NotSignedIn
from operational_api.analytics.schemas import (
    LONGEST_DAYS,
    CalendarAnalysis,
    GoalAnalysis,
    HabitAnalysis,
    Product,
    Productivity,
    ProductivityRange,
    ProductTable,
    Range,
    TaskAnalysis,
)
from operational_api.http.conditional import NOT_MODIFIED, IfNoneMatch, unless_known
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import InOneTransaction, UnitOfWork, Work

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
DAYS = 30

TABLE_OF = {"day": "productivity_daily", "week": "productivity_weekly", "month": "productivity_monthly"}

router = APIRouter(prefix="/analytics", tags=["Analytics"], route_class=InOneTransaction)
product_router = APIRouter(prefix="/analytics/product", tags=["Analytics"], route_class=InOneTransaction)

ANSWERS: dict[int | str, dict[str, Any]] = NOT_MODIFIED | problems(NotSignedIn, Invalid)


@router.get("/productivity", response_model=Productivity, responses=ANSWERS)
def analyze_productivity(
    wanted: Annotated[ProductivityRange, Query()], work: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Response:
    """What your days, weeks or months came to, with the score and your own usual range. A week is told by its first day."""
    return _answer(
        work, wanted, (QUERIES["rows"], TABLE_OF[wanted.granularity]), if_none_match, granularity=wanted.granularity
    )


@router.get("/tasks", response_model=TaskAnalysis, responses=ANSWERS)
def analyze_tasks(wanted: Annotated[Range, Query()], work: UnitOfWork, if_none_match: IfNoneMatch = None) -> Response:
    """How your tasks go: what gets done, how long it takes, where time goes, and what estimates are worth."""
    return _answer(work, wanted, (QUERIES["tasks"], "task_outcomes"), if_none_match)


@router.get("/goals", response_model=GoalAnalysis, responses=ANSWERS)
def analyze_goals(wanted: Annotated[Range, Query()], work: UnitOfWork, if_none_match: IfNoneMatch = None) -> Response:
    """How your goals go, against an even pace to their dates."""
    return _answer(work, wanted, (QUERIES["goals"], "goal_progress"), if_none_match)


@router.get("/habits", response_model=HabitAnalysis, responses=ANSWERS)
def analyze_habits(wanted: Annotated[Range, Query()], work: UnitOfWork, if_none_match: IfNoneMatch = None) -> Response:
    """How your habits go."""
    return _answer(work, wanted, (QUERIES["habits"], "productivity_daily"), if_none_match)


@router.get("/calendar", response_model=CalendarAnalysis, responses=ANSWERS)
def analyze_calendar(
    wanted: Annotated[Range, Query()], work: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Response:
    """When you are busy, by hour and weekday."""
    return _answer(work, wanted, (QUERIES["calendar"], "calendar_load"), if_none_match)


@product_router.get("/{table}", response_model=Product, responses=ANSWERS | problems(Forbidden))
def analyze_product(
    table: ProductTable, wanted: Annotated[Range, Query()], work: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Response:
    """A table about all people together, for analysts and admins: activity, retention, the funnel, which features are used, uplift."""
    return _answer(work, wanted, (QUERIES["product"], table), if_none_match, table=table)


def _answer(
    work: Work, wanted: Range, question: tuple[LiteralString, str], if_none_match: str | None, **said: str
) -> Response:
    """The answer to a query, about a table that says how fresh it is."""
    query, table = question
    first, last = _bounds(wanted, local_date(work.tx.now, work.caller.timezone))
    values = {"user_id": work.caller.user_id, "table": table, "from": first, "to": last, "now": work.tx.now}
    state = work.tx.one(QUERIES["state"], values) or {
        "as_of": None,
        "published_at": None,
        "events": None,
        "is_fresh": False,
    }
    found = work.tx.one(query, values)
    assert found is not None
    head = orjson.dumps({**state, "from": first, "to": last, **said}, option=orjson.OPT_UTC_Z)
    return unless_known(if_none_match, head[:-1] + b"," + found["found"].encode()[1:])


def _bounds(wanted: Range, today: date) -> tuple[date, date]:
    """The days asked for. With one end given, the other is thirty days away."""
    last = wanted.last or (min(wanted.first + timedelta(days=LONGEST_DAYS - 1), today) if wanted.first else today)
    first = wanted.first or last - timedelta(days=DAYS - 1)
    if first > last:
        raise Invalid.field("query.from", "it lies in the future")
    return first, last

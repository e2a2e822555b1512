"""Analytics over HTTP. Postgres renders published tables as JSON; nothing is computed here that a table holds."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, LiteralString

import orjson
from fastapi import APIRouter, Query

from focusflow import locales
from focusflow.clock import local_date
from focusflow.database.queries import load_queries
from focusflow.errors import Forbidden, Invalid, NotSignedIn
from focusflow.metrics import NoSuchMetric
from operational_api.analytics.schemas import (
    LONGEST_DAYS,
    Achievement,
    Achievements,
    AppAnalysis,
    AppTable,
    CalendarAnalysis,
    Explanation,
    ExplanationFilter,
    GoalAnalysis,
    HabitAnalysis,
    Product,
    Productivity,
    ProductivityRange,
    ProductTable,
    Range,
    TaskAnalysis,
)
from operational_api.http.conditional import NOT_MODIFIED, IfNoneMatch, if_modified
from operational_api.http.errors import problems
from operational_api.http.past import NotPast, check_past
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.services import NoHistory, Shared
from operational_api.http.unit_of_work import CallerCredentials, UnitOfWork, short_transaction
from reports.notifications.achievements import ACHIEVEMENTS, title_of

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
DAYS = 30

#: Rows about a week or month take weeks to be known: of these tables the usual range is a year.
DAYS_OF_COHORTS = 365
COHORTS = ("retention", "funnel", "uplift", "app_user_retention", "app_user_funnel", "app_user_uplift")

#: What an explanation says of the figure itself.
FIGURE = ("metric", "label", "meaning", "day", "as_of", "result", "published", "current", "late")
ROWS_SHOWN = 200

TABLE_OF = {"day": "productivity_daily", "week": "productivity_weekly", "month": "productivity_monthly"}

router = APIRouter(prefix="/analytics", tags=["Analytics"], route_class=TypedRoute)
product_router = APIRouter(prefix="/analytics/product", tags=["Analytics"], route_class=TypedRoute)

ANSWERS: dict[int | str, dict[str, Any]] = NOT_MODIFIED | problems(NotSignedIn, Invalid)


@router.get("/productivity", responses=ANSWERS)
def analyze_productivity(
    filters: Annotated[ProductivityRange, Query()], uow: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Rendered[Productivity]:
    """Get daily, weekly or monthly totals with score and usual range. A week is named by its first day."""
    return _answer(
        uow, filters, (QUERIES["rows"], TABLE_OF[filters.granularity]), if_none_match, granularity=filters.granularity
    )


@router.get("/tasks", responses=ANSWERS)
def analyze_tasks(
    filters: Annotated[Range, Query()], uow: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Rendered[TaskAnalysis]:
    """Get task statistics: completion, duration, time by category and accuracy of estimates."""
    return _answer(uow, filters, (QUERIES["tasks"], "task_outcomes"), if_none_match)


@router.get("/goals", responses=ANSWERS)
def analyze_goals(
    filters: Annotated[Range, Query()], uow: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Rendered[GoalAnalysis]:
    """Get goal progress against an even pace to the target date."""
    return _answer(uow, filters, (QUERIES["goals"], "goal_progress"), if_none_match)


@router.get("/habits", responses=ANSWERS)
def analyze_habits(
    filters: Annotated[Range, Query()], uow: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Rendered[HabitAnalysis]:
    """Get habit strength, streaks and completion by day."""
    return _answer(uow, filters, (QUERIES["habits"], "productivity_daily"), if_none_match)


@router.get("/calendar", responses=ANSWERS)
def analyze_calendar(
    filters: Annotated[Range, Query()], uow: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Rendered[CalendarAnalysis]:
    """Get busy minutes by hour and weekday."""
    return _answer(uow, filters, (QUERIES["calendar"], "calendar_load"), if_none_match)


@router.get("/apps/{app_table}", responses=ANSWERS)
def analyze_app(
    app_table: AppTable, filters: Annotated[Range, Query()], uow: UnitOfWork, if_none_match: IfNoneMatch = None
) -> Rendered[AppAnalysis]:
    """Get who uses your app: activity, retention, funnel, features or uplift of the users whose ids it sends with your key."""
    return _answer(uow, filters, (QUERIES["rows"], app_table), if_none_match, table=app_table)


@router.get("/achievements", responses=problems(NotSignedIn))
def list_achievements(uow: UnitOfWork) -> Achievements:
    """List what there is to reach, how far you are, and what you have earned."""
    who = {"user_id": uow.caller.user_id, "timezone": uow.caller.timezone}
    reached = {row["name"]: row for row in uow.tx.all(QUERIES["achievements"], who)}
    account = uow.tx.one(QUERIES["locale"], who)
    with locales.using(account["locale"] if account else locales.DEFAULT):
        titles = {each.name: title_of(each.name) for each in ACHIEVEMENTS}
    items = [
        Achievement(
            name=each.name,
            title=titles[each.name],
            threshold=each.threshold,
            points=each.points,
            value=found["value"] if found else 0,
            progress=found["progress"] if found else 0,
            earned_on=found["earned_on"] if found else None,
        )
        for each in ACHIEVEMENTS
        for found in [reached.get(each.name)]
    ]
    return Achievements(points=sum(each.points for each in items if each.earned_on), items=items)


@router.get("/explanation", responses=problems(NotSignedIn, NoSuchMetric, NotPast, NoHistory, Invalid))
def explain_figure(
    filters: Annotated[ExplanationFilter, Query()], credentials: CallerCredentials, shared: Shared
) -> Rendered[Explanation]:
    """Explain a daily figure: definition, SQL, input rows and result, also as of a past moment."""
    with short_transaction(shared, credentials) as uow:
        user_id, now = uow.caller.user_id, uow.tx.now
    as_of = filters.as_of or now
    check_past(as_of, now)
    found = shared.history.explain(filters.metric, user_id, filters.day, as_of)
    answer = {name: found[name] for name in FIGURE} | {
        "queries": [{"name": name, "sql": sql.strip()} for name, sql in found["sql"].items()],
        "inputs": [
            {"table": name, "count": len(rows), "rows": rows[:ROWS_SHOWN]} for name, rows in found["inputs"].items()
        ],
    }
    return Rendered(orjson.dumps(answer, option=orjson.OPT_UTC_Z, default=str))


@product_router.get("/{table}", responses=ANSWERS | problems(Forbidden))
def analyze_product(
    table: ProductTable,
    filters: Annotated[Range, Query()],
    uow: UnitOfWork,
    shared: Shared,
    if_none_match: IfNoneMatch = None,
) -> Rendered[Product]:
    """Get a table over all users, for analysts and admins: activity, retention, funnel, feature usage or uplift."""
    size = shared.settings.min_group_size
    return _answer(uow, filters, (QUERIES["product"], table), if_none_match, table=table, min_group_size=size)


def _answer(
    uow: UnitOfWork, filters: Range, question: tuple[LiteralString, str], if_none_match: str | None, **more: str | int
) -> Rendered[Any]:
    """The result of a query together with the freshness of its table."""
    query, table = question
    days = DAYS_OF_COHORTS if table in COHORTS else DAYS
    first, last = _bounds(filters, local_date(uow.tx.now, uow.caller.timezone), days)
    values = more | {"user_id": uow.caller.user_id, "table": table, "from": first, "to": last, "now": uow.tx.now}
    state = uow.tx.one(QUERIES["state"], values) or {
        "as_of": None,
        "published_at": None,
        "events": None,
        "is_fresh": False,
    }
    found = uow.tx.one(query, values)
    assert found is not None
    head = orjson.dumps({**state, "from": first, "to": last, **more}, option=orjson.OPT_UTC_Z)
    return if_modified(if_none_match, head[:-1] + b"," + found["found"].encode()[1:])


def _bounds(filters: Range, today: date, days: int) -> tuple[date, date]:
    """The requested range of days. With only the last one given, so many days end there."""
    last = filters.last or (min(filters.first + timedelta(days=LONGEST_DAYS - 1), today) if filters.first else today)
    first = filters.first or last - timedelta(days=days - 1)
    if first > last:
        raise Invalid.field("query.from", "is in the future")
    return first, last

"""Plans, suggestions and insights over HTTP. What is computed is computed by rule; a service only finds words, and is never waited for in a transaction."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow import availability
from focusflow.clock import Period, local_date, start_of
from focusflow.database.queries import load_queries
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.ai.schemas import (
    Accepted,
    Analysis,
    DailyPlan,
    Insights,
    Minutes,
    NewPlan,
    Now,
    Suggestions,
    Times,
    Usage,
    Week,
)
from operational_api.ai.suggestions import SUGGESTIONS_AT_MOST, fitting, next_steps
from operational_api.calendar.routes import ENTITY as EVENTS
from operational_api.calendar.routes import working_hours
from operational_api.http.errors import problems
from operational_api.http.idempotency import LongRequest, StillAtWork, once
from operational_api.http.services import Services, Shared
from operational_api.http.unit_of_work import InOneTransaction, KeyReused, UnitOfWork, Work
from operational_api.reports.schemas import LONGEST_DAYS
from operational_api.reports.service import WhoAsks, opened, person_of
from operational_api.scores import store as scores
from operational_api.security.authentication import Asking
from reports.insights.writer import Topic, Written, topic_of
from reports.periods.facts import NotComputed, Person
from reports.planning.day import CALENDAR, Moments, candidates, figures, free_time
from reports.planning.planner import Candidate, planned

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
DAY = timedelta(days=1)

router = APIRouter(prefix="/ai", tags=["AI"], route_class=InOneTransaction)


class PlanNotFound(NotFound):
    """There is no such plan."""


@router.get("/productivity-insights", response_model=Insights, responses=problems(NotSignedIn, NotComputed, Invalid))
def get_insights(wanted: Annotated[Week, Query()], who_asks: WhoAsks, shared: Shared) -> dict[str, Any]:
    """What stands out in a week, each sentence with the figures it rests on."""

    def week(person: Person, today: date) -> Period:
        return Period.week_of(wanted.week or today - 7 * DAY, person.week_start)

    return _insights(shared, who_asks, week, "insights")[0]


@router.get("/analyze-performance", response_model=Analysis, responses=problems(NotSignedIn, NotComputed, Invalid))
def analyze_performance(wanted: Annotated[Times, Query()], who_asks: WhoAsks, shared: Shared) -> dict[str, Any]:
    """How any days went: the figures, how they compare, and words about them."""
    if not 0 <= (wanted.last - wanted.first).days < LONGEST_DAYS:
        raise Invalid.field("query.to", f"it should lie on or after from, and within {LONGEST_DAYS} days")
    told, topic = _insights(shared, who_asks, lambda *_: Period.between(wanted.first, wanted.last), "analysis")
    return {**told, "figures": topic.numbers, "compared_with_usual": topic.compared}


@router.post(
    "/daily-plan",
    status_code=201,
    response_model=DailyPlan,
    responses=problems(NotSignedIn, StillAtWork, KeyReused, Invalid),
)
def plan_day(body: NewPlan, asked: LongRequest, shared: Shared) -> Response:
    """Plan a day around your appointments: what is due and what matters most first, by how long such tasks take you, with breaks. What
    does not fit is said. Nothing is in your calendar until you accept the plan.
    """
    made = once(asked, lambda: orjson.dumps(_plan(body, asked.asking, shared), option=orjson.OPT_UTC_Z))
    return Response(made.content, 201, made.headers, "application/json")


def _plan(body: NewPlan, who_asks: Asking, shared: Services) -> dict[str, Any]:
    with opened(shared, who_asks) as work:
        day = body.day or local_date(work.tx.now, work.caller.timezone)
        free = _free(work, body, day)
        rows, tasks = _candidates(work)
        timezone, me = work.caller.timezone, work.caller.user_id
    plan = planned(tasks, free)
    numbers = figures(plan, free)
    found, topic = shared.reports.words_of_plan(me, timezone, numbers)
    id_ = shared.reports.keep_plan(topic, {"day": f"{day}", **asdict(plan)})
    titles = {row["task_id"]: row["title"] for row in rows}
    return {
        "id": id_,
        "day": day,
        "blocks": [asdict(block) | {"title": titles[block.task_id]} for block in plan.blocks],
        "left_out": [asdict(task) | {"title": titles[task.task_id]} for task in plan.left_out],
        "free_minutes": numbers["minutes_free"],
        "planned_minutes": numbers["minutes_planned"],
        **_worded(found),
    }


@router.post(
    "/daily-plan/{plan_id:uuid}/accept",
    response_model=Accepted,
    responses=problems(NotSignedIn, PlanNotFound, KeyReused, Invalid),
)
def accept_plan(plan_id: UUID, work: UnitOfWork) -> Response:
    """Put a plan into your calendar, in the place of what an earlier plan of that day still holds. Where an appointment has come in between,
    its block is left out, and said. Twice does no harm.
    """
    row = work.tx.one(QUERIES["plan"], {"id": plan_id})
    if row is None:
        raise PlanNotFound
    day, timezone = date.fromisoformat(row["output"]["day"]), work.caller.timezone
    bounds = {"since": max(start_of(day, timezone), work.tx.now), "until": start_of(day + DAY, timezone)}
    wanted = {f"{plan_id}/{place}": block for place, block in enumerate(row["output"]["blocks"])}
    there = work.tx.all(QUERIES["plan_events"], {"calendar": CALENDAR, **bounds})
    for event in there:
        if event["external_id"] not in wanted:
            EVENTS.remove(work, event)
    kept: list[Mapping[str, Any]] = [event for event in there if event["external_id"] in wanted]
    has = {event["external_id"] for event in kept}
    rows = work.tx.all(QUERIES["titles"], {"tasks": [UUID(block["task_id"]) for block in wanted.values()]})
    titles = {str(task["id"]): task["title"] for task in rows}
    taken, no_room = _taken(work, day), []
    for key, block in wanted.items():
        start_at, end_at = (datetime.fromisoformat(block[name]) for name in ("start_at", "end_at"))
        if key in has or start_at < bounds["since"] or block["task_id"] not in titles:
            continue
        fields = {"title": titles[block["task_id"]], "start_at": start_at, "end_at": end_at}
        if any(begin < end_at and start_at < end for begin, end in taken):
            no_room.append({**fields, "task_id": block["task_id"]})
        else:
            kept.append(EVENTS.add(work, {**fields, "calendar_id": CALENDAR, "external_id": key}))
    items = [EVENTS.shown(event) for event in sorted(kept, key=lambda each: each["start_at"])]
    return work.reply({"items": items, "no_room": no_room})


@router.get("/task-suggestions", response_model=Suggestions, responses=problems(NotSignedIn, Invalid))
def suggest_tasks(work: UnitOfWork) -> Response:
    """Tasks that would lead to your goals and visions: the next milestone, a first step where there is none, time that is set aside."""
    person, today = person_of(work)
    week = start_of(Period.week_of(today, person.week_start).first, person.timezone)
    goals = work.tx.all(QUERIES["next_steps"], {"now": work.tx.now, "week": week})
    return work.reply({"items": [asdict(each) for each in islice(next_steps(goals, today), SUGGESTIONS_AT_MOST)]})


@router.get("/smart-suggestion", response_model=Now, responses=problems(NotSignedIn, Invalid))
def suggest_now(wanted: Annotated[Minutes, Query()], work: UnitOfWork) -> Response:
    """What to do now, with the minutes that you have."""
    rows, tasks = _candidates(work)
    found = fitting(tasks, wanted.minutes)
    if found is None:
        return work.reply({"suggestion": None})
    task, minutes = found
    row = next(row for row in rows if row["task_id"] == task.task_id)
    said = {name: row[name] for name in ("task_id", "title", "score", "reasons")}
    whole = {"minutes": minutes, "is_whole": minutes == task.minutes, "is_guess": task.is_guess}
    return work.reply({"suggestion": said | whole})


@router.get("/usage", response_model=Usage, responses=problems(NotSignedIn))
def get_usage(work: UnitOfWork, shared: Shared) -> Response:
    """What the service that finds words was asked for you, what it cost, and what is left."""
    settings = shared.settings
    day, month = ({"since": work.tx.now - timedelta(days=days)} for days in (1, 30))
    last_day, last_month = work.tx.one(QUERIES["usage"], day), work.tx.one(QUERIES["usage"], month)
    assert last_day is not None
    spent = last_day["tokens_in"] + last_day["tokens_out"]
    limit = settings.ai_daily_tokens_per_person
    return work.reply(
        {
            "model": settings.ai_model if settings.has_ai_service else None,
            "last_24_hours": last_day,
            "last_30_days": last_month,
            "tokens_limit": limit,
            "tokens_left": max(0, limit - spent),
            "by_model": work.tx.all(QUERIES["usage_by_model"], month),
        }
    )


def _insights(
    shared: Shared, who_asks: WhoAsks, period_of: Callable[[Person, date], Period], kind: str
) -> tuple[dict[str, Any], Topic]:
    with opened(shared, who_asks) as work:
        person, today = person_of(work)
    facts = shared.reports.facts(person, period_of(person, today))
    found, topic = shared.reports.words(facts, kind), topic_of(facts, kind)
    days = {"first_day": facts.period.first, "last_day": facts.period.last, "as_of": facts.as_of}
    return {**_worded(found), **days}, topic


def _worded(found: Written) -> dict[str, Any]:
    return {**found.insights.model_dump(), "written_by": found.by, "reason": found.reason}


def _free(work: Work, body: NewPlan, day: date) -> list[Moments]:
    """What is left of the day's working hours between appointments."""
    hours = working_hours(work, (body.day_start, body.day_end), "body")
    if day < local_date(work.tx.now, work.caller.timezone):
        raise Invalid.field("body.day", "it is past")
    return free_time(work.tx, work.caller.user_id, work.caller.timezone, day, hours)


def _taken(work: Work, day: date) -> list[Moments]:
    """What appointments take of a day now: some may have come since it was planned."""
    taking = availability.taking_place_on(
        work.tx, work.caller.user_id, work.caller.timezone, (day, day), without=CALENDAR
    )
    return [(each["start_at"], each["end_at"]) for each in taking if each["busy"] and not each["all_day"]]


def _candidates(work: Work) -> tuple[list[dict[str, Any]], list[Candidate]]:
    """What can be begun, in the order of its scores, which are brought up to date first."""
    scores.page(work, limit=1)
    work.tx.flush()
    return candidates(work.tx, work.caller.user_id, work.caller.timezone)

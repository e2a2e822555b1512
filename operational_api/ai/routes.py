"""Plans, suggestions and insights over HTTP. Results are computed by rule; the AI service only writes text, and no transaction waits for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from focusflow import availability
from focusflow.clock import Period, local_date, start_of
from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.database.queries import load_queries
from focusflow.errors import Invalid, NotFound, NotSignedIn
from focusflow.score_reasons import distinguishing
from operational_api.ai.schemas import (
    Accepted,
    Analysis,
    Block,
    CurrentPlan,
    DailyPlan,
    Insights,
    KeptBlock,
    KeptPlan,
    LeftOut,
    Minutes,
    NewPlan,
    NoRoom,
    Now,
    PlanDay,
    Smart,
    Spent,
    SpentOn,
    Suggestion,
    Suggestions,
    Times,
    Usage,
    Week,
)
from operational_api.ai.suggestions import SUGGESTIONS_AT_MOST, fitting, next_steps
from operational_api.calendar.routes import ENTITY as EVENTS
from operational_api.calendar.routes import working_hours
from operational_api.http.errors import problems
from operational_api.http.idempotency import StillAtWork, run_once
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.services import Services, Shared
from operational_api.http.unit_of_work import (
    CallerCredentials,
    KeyReused,
    RequestContext,
    UnitOfWork,
    short_transaction,
)
from operational_api.reports.schemas import LONGEST_DAYS
from operational_api.reports.service import report_subject
from operational_api.scores import store as scores
from operational_api.security.authentication import Credentials
from reports.insights.writer import Topic, Written, topic_of
from reports.periods.facts import NotComputed, User
from reports.planning.day import Moments, candidates, figures, free_time
from reports.planning.planner import Candidate, Why, planned

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
DAY = timedelta(days=1)

router = APIRouter(prefix="/ai", tags=["AI"], route_class=TypedRoute)


class PlanNotFound(NotFound):
    """No plan has this id."""


@router.get("/productivity-insights", responses=problems(NotSignedIn, NotComputed, Invalid))
def get_insights(filters: Annotated[Week, Query()], credentials: CallerCredentials, shared: Shared) -> Insights:
    """Get what stands out in a week. Each sentence lists the figures that support it."""

    def week(user: User, today: date) -> Period:
        return Period.week_of(filters.week or today - 7 * DAY, user.week_start)

    return Insights(**_insights(shared, credentials, week, "insights")[0])


@router.get("/analyze-performance", responses=problems(NotSignedIn, NotComputed, Invalid))
def analyze_performance(filters: Annotated[Times, Query()], credentials: CallerCredentials, shared: Shared) -> Analysis:
    """Analyze a range of days: figures, comparisons and a text about them."""
    if not 0 <= (filters.last - filters.first).days < LONGEST_DAYS:
        raise Invalid.field("query.to", f"should be on or after from, and within {LONGEST_DAYS} days")
    found, topic = _insights(shared, credentials, lambda *_: Period.between(filters.first, filters.last), "analysis")
    return Analysis(**found, figures=dict(topic.numbers), compared_with_usual=dict(topic.compared))


@router.post(
    "/daily-plan",
    status_code=201,
    responses=problems(NotSignedIn, StillAtWork, KeyReused, Invalid),
)
def plan_day(body: NewPlan, context: RequestContext, shared: Shared) -> Rendered[DailyPlan]:
    """Plan a day around your appointments: due and important tasks first, with estimated durations and breaks. Tasks that do not fit
    are listed. Nothing is added to your calendar until you accept the plan.
    """
    return run_once(context, lambda: _plan(body, context.credentials, shared).model_dump_json().encode())


def _plan(body: NewPlan, credentials: Credentials, shared: Services) -> DailyPlan:
    with short_transaction(shared, credentials) as uow:
        day = body.day or local_date(uow.tx.now, uow.caller.timezone)
        free = _free(uow, body, day)
        rows, tasks = _candidates(uow)
        timezone, me = uow.caller.timezone, uow.caller.user_id
        user, _today = report_subject(uow)
    mine = {task.task_id for task in tasks}
    wanted = [task for task in tasks if task.task_id not in body.without]
    plan = planned(
        wanted,
        free,
        day_ends=start_of(day + DAY, timezone),
        chosen=[each for each in dict.fromkeys(body.order) if each in mine],
    )
    numbers = figures(plan, free)
    found, topic = shared.reports.words_of_plan(me, timezone, numbers, user.locale)
    by_id = {row["task_id"]: row for row in rows}
    telling = dict(zip(by_id, distinguishing(rows, 1), strict=True))
    reasons = [_reason(by_id[block.task_id], block.why, telling[block.task_id]) for block in plan.blocks]
    kept = [asdict(block) | {"reason": reason} for block, reason in zip(plan.blocks, reasons, strict=True)]
    id_ = shared.reports.keep_plan(
        topic, {"day": f"{day}", **asdict(plan), "blocks": kept, "without": [f"{each}" for each in body.without]}
    )
    return DailyPlan(
        id=id_,
        day=day,
        blocks=[Block.from_row(block | {"title": by_id[block["task_id"]]["title"]}) for block in kept],
        left_out=[LeftOut(**asdict(task), title=by_id[task.task_id]["title"]) for task in plan.left_out],
        free_minutes=round(numbers["minutes_free"]),
        planned_minutes=round(numbers["minutes_planned"]),
        **_worded(found),
    )


def _reason(task: Mapping[str, Any], why: Why | None, telling: Sequence[Mapping[str, Any]]) -> str | None:
    """The one thing to say about a block: why it stands before others, or what sets its task apart."""
    if why == "due":
        return "due today" if task["due_at"] is None else "due at a set time today"
    if why is not None:
        return {"chosen": "moved here by you", "fits": "fits this gap"}[why]
    return telling[0]["text"] if telling else None


@router.get("/daily-plan", responses=problems(NotSignedIn, Invalid))
def get_plan(filters: Annotated[PlanDay, Query()], uow: UnitOfWork) -> CurrentPlan:
    """Get the newest plan of a day, with what has been done of it."""
    day = filters.day or local_date(uow.tx.now, uow.caller.timezone)
    row = uow.tx.one(QUERIES["newest_plan"], {"day": f"{day}", "calendar": PLAN_CALENDAR})
    if row is None:
        return CurrentPlan(plan=None)
    kept = row["output"]
    ids = [UUID(each["task_id"]) for each in (*kept["blocks"], *kept["left_out"])]
    tasks = {f"{task['id']}": task for task in uow.tx.all(QUERIES["planned_tasks"], {"tasks": ids})}
    known = {"is_late": False, "reason": None, "minutes_left": 0}  # which plans of earlier versions do not tell
    return CurrentPlan(
        plan=KeptPlan(
            id=row["id"],
            day=day,
            blocks=[
                KeptBlock.from_row(known | block | tasks[block["task_id"]])
                for block in kept["blocks"]
                if block["task_id"] in tasks
            ],
            left_out=[
                LeftOut.from_row(task | tasks[task["task_id"]])
                for task in kept["left_out"]
                if task["task_id"] in tasks and not tasks[task["task_id"]]["is_done"]
            ],
            without=kept.get("without", []),
            is_accepted=row["is_accepted"],
            created_at=row["created_at"],
        )
    )


@router.delete(
    "/daily-plan/{plan_id:uuid}/accept", status_code=204, responses=problems(NotSignedIn, PlanNotFound, Invalid)
)
def withdraw_plan(plan_id: UUID, uow: UnitOfWork) -> None:
    """Take the blocks of a plan that are not over out of your calendar. Idempotent."""
    if uow.tx.one(QUERIES["plan"], {"id": plan_id}) is None:
        raise PlanNotFound
    for event in uow.tx.all(QUERIES["events_of_plan"], {"calendar": PLAN_CALENDAR, "plan": f"{plan_id}"}):
        EVENTS.remove(uow, event)


@router.post(
    "/daily-plan/{plan_id:uuid}/accept",
    responses=problems(NotSignedIn, PlanNotFound, KeyReused, Invalid),
)
def accept_plan(plan_id: UUID, uow: UnitOfWork) -> Accepted:
    """Add a plan to your calendar. It replaces the blocks of an earlier plan of that day. Blocks that conflict with newer appointments
    are left out and listed. Idempotent.
    """
    row = uow.tx.one(QUERIES["plan"], {"id": plan_id})
    if row is None:
        raise PlanNotFound
    day, timezone = date.fromisoformat(row["output"]["day"]), uow.caller.timezone
    bounds = {"since": max(start_of(day, timezone), uow.tx.now), "until": start_of(day + DAY, timezone)}
    filters = {f"{plan_id}/{place}": block for place, block in enumerate(row["output"]["blocks"])}
    there = uow.tx.all(QUERIES["plan_events"], {"calendar": PLAN_CALENDAR, **bounds})
    replaced = [event for event in there if event["external_id"] not in filters]
    for event in replaced:
        EVENTS.remove(uow, event)
    accepted: list[Mapping[str, Any]] = [event for event in there if event["external_id"] in filters]
    has = {event["external_id"] for event in accepted}
    rows = uow.tx.all(QUERIES["titles"], {"tasks": [UUID(block["task_id"]) for block in filters.values()]})
    titles = {str(task["id"]): task["title"] for task in rows}
    busy, no_room = _busy(uow, day), []
    for key, block in filters.items():
        start_at, end_at = (datetime.fromisoformat(block[name]) for name in ("start_at", "end_at"))
        if key in has or start_at < bounds["since"] or block["task_id"] not in titles:
            continue
        fields = {"title": titles[block["task_id"]], "start_at": start_at, "end_at": end_at}
        if any(begin < end_at and start_at < end for begin, end in busy):
            no_room.append({**fields, "task_id": block["task_id"]})
        else:
            accepted.append(EVENTS.add(uow, {**fields, "calendar_id": PLAN_CALENDAR, "external_id": key}))
    items = EVENTS.to_responses(sorted(accepted, key=lambda each: each["start_at"]))
    before = UUID(replaced[0]["external_id"].partition("/")[0]) if replaced else None
    return Accepted(items=items, replaced=before, no_room=[NoRoom(**each) for each in no_room])


@router.get("/task-suggestions", responses=problems(NotSignedIn, Invalid))
def suggest_tasks(uow: UnitOfWork) -> Suggestions:
    """Suggest tasks that advance your goals and visions: the next milestone, a first step, or time set aside."""
    user, today = report_subject(uow)
    week = start_of(Period.week_of(today, user.week_start).first, user.timezone)
    goals = uow.tx.all(QUERIES["next_steps"], {"now": uow.tx.now, "week": week})
    items = [Suggestion(**asdict(each)) for each in islice(next_steps(goals, today), SUGGESTIONS_AT_MOST)]
    return Suggestions(items=items)


@router.get("/smart-suggestion", responses=problems(NotSignedIn, Invalid))
def suggest_now(filters: Annotated[Minutes, Query()], uow: UnitOfWork) -> Now:
    """Suggest one task for the minutes you have now."""
    rows, tasks = _candidates(uow)
    found = fitting(tasks, filters.minutes)
    if found is None:
        return Now(suggestion=None)
    task, minutes = found
    row = next(row for row in rows if row["task_id"] == task.task_id)
    length = {"minutes": minutes, "is_whole": minutes == task.minutes, "is_guess": task.is_guess}
    return Now(suggestion=Smart.from_row({**row, **length}))


@router.get("/usage", responses=problems(NotSignedIn))
def get_usage(uow: UnitOfWork, shared: Shared) -> Usage:
    """Get your usage of the AI service: requests, cost and remaining quota."""
    settings = shared.settings
    day, month = ({"since": uow.tx.now - timedelta(days=days)} for days in (1, 30))
    last_day, last_month = uow.tx.one(QUERIES["usage"], day), uow.tx.one(QUERIES["usage"], month)
    assert last_day is not None
    assert last_month is not None
    spent = last_day["tokens_in"] + last_day["tokens_out"]
    limit = settings.ai_daily_tokens_per_person
    return Usage(
        model=settings.ai_model if settings.has_ai_service else None,
        last_24_hours=Spent(**last_day),
        last_30_days=Spent(**last_month),
        tokens_limit=limit,
        tokens_left=max(0, limit - spent),
        by_model=[SpentOn(**row) for row in uow.tx.all(QUERIES["usage_by_model"], month)],
    )


def _insights(
    shared: Shared, credentials: CallerCredentials, period_of: Callable[[User, date], Period], kind: str
) -> tuple[dict[str, Any], Topic]:
    with short_transaction(shared, credentials) as uow:
        user, today = report_subject(uow)
    facts = shared.reports.facts(user, period_of(user, today))
    found, topic = shared.reports.words(facts, kind), topic_of(facts, kind)
    days = {"first_day": facts.period.first, "last_day": facts.period.last, "as_of": facts.as_of}
    return {**_worded(found), **days}, topic


def _worded(found: Written) -> dict[str, Any]:
    return {**found.insights.model_dump(), "written_by": found.by, "reason": found.reason}


def _free(uow: UnitOfWork, body: NewPlan, day: date) -> list[Moments]:
    """Free time between appointments in the remaining working hours of the day."""
    hours = working_hours(uow, (body.day_start, body.day_end), "body")
    if day < local_date(uow.tx.now, uow.caller.timezone):
        raise Invalid.field("body.day", "it is past")
    return free_time(uow.tx, uow.caller.user_id, uow.caller.timezone, day, hours)


def _busy(uow: UnitOfWork, day: date) -> list[Moments]:
    """Current busy time of a day. Appointments may have been added since it was planned."""
    taking = availability.taking_place_on(
        uow.tx, uow.caller.user_id, uow.caller.timezone, (day, day), without=PLAN_CALENDAR
    )
    return [(each["start_at"], each["end_at"]) for each in taking if each["busy"] and not each["all_day"]]


def _candidates(uow: UnitOfWork) -> tuple[list[dict[str, Any]], list[Candidate]]:
    """Actionable tasks by score. Stale scores are recomputed first."""
    scores.page(uow, limit=1)
    uow.tx.flush()
    return candidates(uow.tx, uow.caller.user_id, uow.caller.timezone)

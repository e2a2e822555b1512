"""Storage of goals and milestones, and how goal progress follows from milestones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.database.tables import goals, milestones
from focusflow.errors import Conflict, NotFound
from focusflow.identity import new_id
from operational_api.entities import Entity
from operational_api.goals import rules
from operational_api.goals.schemas import Goal, Milestone
from operational_api.http.unit_of_work import UnitOfWork

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
MILESTONES_AT_MOST = 200


class GoalNotFound(NotFound):
    """No goal has this id."""


class MilestoneNotFound(NotFound):
    """No milestone of this goal has this id."""


class TooManyMilestones(Conflict):
    """A goal has at most 200 milestones."""


GOALS = Entity(goals, Goal, GoalNotFound, "goal")
MILESTONES = Entity(milestones, Milestone, MilestoneNotFound, "milestone")


def milestones_of(tx: Transaction, goal_id: UUID) -> Sequence[DictRow]:
    return tx.all(QUERIES["milestones"], {"goal_id": goal_id})


def milestone(tx: Transaction, goal_id: UUID, milestone_id: UUID) -> DictRow:
    """Lock a milestone of this goal. The goal is always locked first, so that concurrent changes of its milestones cannot deadlock."""
    row = MILESTONES.locked(tx, milestone_id)
    if row["goal_id"] != goal_id:
        raise MilestoneNotFound
    return row


def advance(uow: UnitOfWork, goal: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Save the progress of a goal and append it to its history. Reaching the target completes the goal."""
    row = GOALS.save(uow, goal, changes, "progressed")
    if row["version"] == goal["version"]:
        return row
    kept = {"id": new_id(), "user_id": uow.caller.user_id, "goal_id": goal["id"], "now": uow.tx.now}
    uow.tx.run(QUERIES["record"], {**kept, "value": row["current_value"], "progress": row["progress"]})
    return complete_if_reached(uow, row)


def complete_if_reached(uow: UnitOfWork, goal: Mapping[str, Any]) -> Mapping[str, Any]:
    if not rules.is_reached(goal):
        return goal
    return GOALS.save(uow, goal, rules.moved(goal, "completed", uow.tx.now), "completed")


def resume_if_fallen_back(uow: UnitOfWork, before: Mapping[str, Any], goal: Mapping[str, Any]) -> Mapping[str, Any]:
    if not rules.has_fallen_back(before, goal):
        return goal
    return GOALS.save(uow, goal, rules.moved(goal, "resumed", uow.tx.now), "resumed")


def follow_milestones(uow: UnitOfWork, goal: Mapping[str, Any]) -> Mapping[str, Any]:
    """Update the progress of a goal measured by milestones. If it was completed by them and no longer is, it becomes active again."""
    if goal["measurement"] != "milestones":
        return goal
    row = advance(uow, goal, rules.by_milestones(milestones_of(uow.tx, goal["id"])))
    return resume_if_fallen_back(uow, goal, row)

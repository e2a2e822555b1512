"""Goals, the milestones on their way, and progress that keeps its own pace."""

from datetime import date, datetime, timedelta
from uuid import UUID

from numpy.random import Generator

from focusflow.clock import local_date
from ingestion.demo.changes import chance, mint, moment
from ingestion.demo.days import Day
from ingestion.demo.personas import GoalPlan, Persona
from ingestion.replay import Change


class GoalHistory:
    """Builds the goals of one user."""

    def __init__(self, persona: Persona, rng: Generator, days: list[Day], categories: dict[str, UUID]) -> None:
        self._persona, self._rng, self._days, self._categories = persona, rng, days, categories
        self._energy = {day.date: day.energy for day in days}
        self.changes: list[Change] = []
        self.spans: list[tuple[UUID, str, date, date]] = []
        for plan in persona.goals:
            self._pursue(plan)

    def _pursue(self, plan: GoalPlan) -> None:
        length = len(self._days)
        first = self._days[0].date + timedelta(days=int(plan.begins * length))
        target = self._days[0].date + timedelta(days=int(plan.ends * length))
        created = moment(first, 10 + 8 * float(self._rng.random()), self._persona.timezone)
        goal = mint(self._rng, created)
        fields = {
            "title": plan.title,
            "category_id": self._categories[plan.category],
            "horizon": "vision" if plan.weekly_minutes else "goal",
            "start_date": first,
            "target_date": None if plan.weekly_minutes else target,
            "measurement": "milestones" if plan.milestones else "number" if plan.target else "percent",
            "target_value": plan.target,
            "unit": plan.unit,
            "weekly_minutes": plan.weekly_minutes,
            "created_at": created,
        }
        self._change(created, "goal.created", goal, **fields)
        if plan.weekly_minutes:
            ended = self._days[-1].date
        elif plan.milestones:
            ended = self._by_milestones(plan, goal, created, first, target)
        else:
            ended = self._by_value(plan, goal, first, target)
        self.spans.append((goal, plan.category, first, ended))

    def _by_value(self, plan: GoalPlan, goal: UUID, first: date, target: date) -> date:
        """Every few days a step; at a pace of 1 the target is reached on its date."""
        whole, value, expected = plan.target or 100.0, 0.0, 0.0
        step = first
        last = self._days[-1].date
        stops = first + (last - first) * 0.55 if plan.fate != "pursued" else None
        while step < last:
            step += timedelta(days=int(self._rng.integers(3, 9)))
            if stops is not None and step >= stops:
                self._give_up(plan, goal, step)
                return step
            share = min(1.0, (step - first).days / max(1, (target - first).days) * plan.pace)
            expected = whole * share
            reached = expected if share >= 1 else expected * (1 - 0.06 * float(self._rng.random()))
            reached = float(int(reached)) if whole >= 10 else round(reached, 1)
            if reached <= value or self._energy.get(step, 1) < 0.1:
                continue
            value = reached
            at = self._moment(step)
            self._change(at, "goal.progressed", goal, current_value=value, progress=round(100 * value / whole, 2))
            if value >= whole:
                self._complete(at, goal)
                return step
        return last

    def _by_milestones(self, plan: GoalPlan, goal: UUID, created: datetime, first: date, target: date) -> date:
        count, done = len(plan.milestones), created
        for number, title in enumerate(plan.milestones):
            written = created + timedelta(seconds=number + 1)
            milestone = mint(self._rng, written)
            planned = first + (target - first) * ((number + 1) / count)
            fields = {"goal_id": goal, "title": title, "order_index": number, "target_date": planned}
            self._change(written, "milestone.created", milestone, **fields)
            slip = (planned - first) / plan.pace + timedelta(days=int(self._rng.integers(-3, 4)))
            done = max(self._moment(first + slip), done + timedelta(hours=20))
            self._change(done, "milestone.completed", milestone, status="completed", completed_at=done)
            progress = round(100 * (number + 1) / count, 2)
            self._change(
                done + timedelta(seconds=1), "goal.progressed", goal, current_value=number + 1, progress=progress
            )
        self._complete(done + timedelta(seconds=1), goal)
        return min(self._days[-1].date, local_date(done, self._persona.timezone))

    def _give_up(self, plan: GoalPlan, goal: UUID, day: date) -> None:
        if plan.fate == "cancelled":
            self._change(self._moment(day), "goal.cancelled", goal, status="cancelled")
            return
        self._change(self._moment(day), "goal.paused", goal, status="paused")
        if chance(self._rng, 0.5):
            again = day + timedelta(days=20)
            self._change(self._moment(again), "goal.resumed", goal, status="active")
            self._change(self._moment(again + timedelta(days=15)), "goal.paused", goal, status="paused")

    def _complete(self, at: datetime, goal: UUID) -> None:
        done = at + timedelta(seconds=1)
        self._change(done, "goal.completed", goal, status="completed", progress=100.0, completed_at=done)

    def _moment(self, day: date) -> datetime:
        return moment(day, 17 + 4 * float(self._rng.random()), self._persona.timezone)

    def _change(self, at: datetime, type_: str, subject: UUID, **fields: object) -> None:
        self.changes.append(Change(at, type_, subject, fields))

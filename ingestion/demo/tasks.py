"""A user's tasks: what is written down, put off, begun, done, undone and given up, and the work that time entries then record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log2
from typing import Any
from uuid import UUID

from numpy.random import Generator

from focusflow.clock import local_date
from ingestion.demo.changes import chance, mint, moment, pick, weighted
from ingestion.demo.days import Day
from ingestion.demo.personas import Persona
from ingestion.demo.titles import BLOCKERS, STEPS, task_title
from ingestion.replay import Change

ESTIMATES = {10: 2.0, 15: 3.0, 30: 5.0, 45: 3.0, 60: 4.0, 90: 2.0, 120: 1.5, 240: 0.4}
PRIORITIES = {"low": 2.0, "medium": 5.0, "high": 2.5, "urgent": 0.6}

#: Habits that all users share: by how many steps what matters comes sooner, and what is long later with each doubling of half an hour.
SOONER_BY_PRIORITY = {"low": -2.5, "medium": 0.0, "high": 2.5, "urgent": 4.0}
LATER_BY_LENGTH = 0.7

#: Days that a task waits on average, and by how much each step of putting off stretches that.
USUAL_WAIT, STRETCH = 5.0, 1.5


@dataclass(frozen=True, slots=True)
class Work:
    """Minutes that somebody really spent on a task."""

    task_id: UUID
    started_at: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Places:
    """What a task can belong to."""

    categories: Mapping[str, UUID]
    goals: tuple[tuple[UUID, str, date, date], ...]  # id, category, first and last day


class TaskHistory:
    """Builds the tasks of one user. Dates are drawn to the end of a life; what lies after now is cut off by the journal."""

    def __init__(self, persona: Persona, rng: Generator, days: list[Day], places: Places) -> None:
        self._persona, self._rng, self._days, self._places = persona, rng, days, places
        self._index = {day.date: number for number, day in enumerate(days)}
        self._recent: list[tuple[UUID, datetime]] = []  # tasks and when each gets done
        self.changes: list[Change] = []
        self.work: list[Work] = []

    def live(self) -> None:
        for day in self._days:
            for _ in range(int(self._rng.poisson(self._persona.tasks_per_day * day.energy))):
                self._one(day.date)
        for title, category, every in self._persona.chores:
            self._recurring_task(title, category, every)

    def remaining(self, today: date) -> None:
        """The open tasks of the last days, so that there is something to do today."""
        for number, ahead in enumerate(self._persona.due_around_today):
            created = self._moment(today - timedelta(days=3 + 2 * number % 9 + max(0, -ahead)))
            category, fields = self._described(created)
            fields |= {
                "due_date": today + timedelta(days=ahead),
                "priority": ("high", "medium", "urgent", "low")[number % 4],
            }
            if number == 2:
                fields["pinned"] = True
            task = self._create(created, category, fields)
            if number == 3:
                later = created + timedelta(minutes=9)
                _, waiting = self._described(later)
                self._create(
                    later, category, {**waiting, "blocked_by": [task], "due_date": today + timedelta(days=ahead + 2)}
                )

    def _one(self, day: date) -> None:
        created = self._moment(day)
        category, fields = self._described(created)
        due = self._due(day) if chance(self._rng, self._persona.due_share) else None
        if due is not None:
            fields |= (
                {"due_at": moment(due, 17, self._persona.timezone)} if chance(self._rng, 0.25) else {"due_date": due}
            )
        elif chance(self._rng, 0.08):
            fields["start_at"] = moment(day + timedelta(days=int(self._rng.integers(2, 15))), 8, self._persona.timezone)
        blocker = next((task for task, done in reversed(self._recent[-6:]) if done > created), None)
        if blocker is not None and chance(self._rng, 0.06):
            fields |= {"blocked_by": [blocker], "title": f"{pick(self._rng, BLOCKERS)} {category.lower()} papers"}
        by_ai = chance(self._rng, 0.04)
        task = self._create(created, category, {**fields, "ai_generated": by_ai}, by_ai=by_ai)
        self._fate(task, created, due, fields, self._put_off(category, fields))

    def _fate(self, task: UUID, created: datetime, due: date | None, fields: Mapping[str, Any], put_off: float) -> None:
        if due is not None and chance(self._rng, 0.1):
            created, due = self._reschedule(task, created, due)  # done only after it was put off
        given_up = {"cancelled": 0.45, "deleted": 0.55}
        if chance(self._rng, self._persona.abandons + 0.05 * (due is None)):
            wait = self._persona.tidies_after_days * (0.6 + 0.8 * float(self._rng.random()))
            begin = due or local_date(created, self._persona.timezone)
            tidied = max(created + timedelta(hours=2), self._moment(begin + timedelta(days=round(wait))))
            if weighted(self._rng, given_up) == "cancelled":
                self._change(tidied, "task.updated", task, {"status": "cancelled"})
            else:
                self._change(tidied, "task.deleted", task, {"deleted_at": tidied})
            return
        self._complete(task, self._done_at(created, due, fields, put_off), created, fields)

    def _complete(self, task: UUID, done: datetime, created: datetime, fields: Mapping[str, Any]) -> None:
        """Worked on, perhaps in steps, then done; now and then undone and done again."""
        estimate = fields.get("estimated_minutes") or 30
        spread = float(self._rng.lognormal(0, 0.4))
        minutes = max(3, min(400, round(estimate * self._persona.estimate_bias * spread)))
        begun = max(created + timedelta(minutes=2), done - timedelta(minutes=minutes))
        done = begun + timedelta(minutes=minutes)
        self._recent.append((task, done))
        if chance(self._rng, 0.35):
            self._change(begun, "task.updated", task, {"status": "in_progress"})
        finished: dict[str, Any] = {"status": "completed", "completed_at": done}
        if chance(self._rng, self._persona.tracks):
            self.work.append(Work(task, begun, minutes))
            finished["actual_minutes"] = minutes
        if minutes > 60 and chance(self._rng, 0.25):
            self._steps(task, created, begun, done)
        self._change(done, "task.completed", task, finished)
        if chance(self._rng, 0.03):
            undone = done + timedelta(minutes=1 + 90 * float(self._rng.random()))
            again = undone + timedelta(hours=1 + 30 * float(self._rng.random()))
            self._change(undone, "task.reopened", task, {"status": "pending", "completed_at": None})
            self._change(again, "task.completed", task, {"status": "completed", "completed_at": again})
        elif chance(self._rng, 0.05):
            self._change(done + timedelta(days=5), "task.archived", task, {"status": "archived"})

    def _steps(self, parent: UUID, created: datetime, begun: datetime, done: datetime) -> None:
        """Subtasks, all done before their parent."""
        count = int(self._rng.integers(2, len(STEPS) + 1))
        for number, title in enumerate(STEPS[:count]):
            written = created + timedelta(seconds=20 + 5 * number)
            finished = begun + (done - begun) * ((number + 1) / (count + 1))
            subtask = mint(self._rng, written)
            fields = {"title": title, "parent_task_id": parent, "created_at": written}
            self._change(written, "task.created", subtask, fields)
            self._change(finished, "task.completed", subtask, {"status": "completed", "completed_at": finished})

    def _reschedule(self, task: UUID, created: datetime, due: date) -> tuple[datetime, date]:
        later = due + timedelta(days=int(self._rng.integers(1, 9)))
        put_off = max(
            created + timedelta(hours=1), moment(due, 9 + 8 * float(self._rng.random()), self._persona.timezone)
        )
        self._change(put_off, "task.updated", task, {"due_at": None, "due_date": later})
        return put_off, later

    def _recurring_task(self, title: str, category: str, every: int) -> None:
        """A recurring task: doing it makes the next."""
        first, last = self._days[0].date, self._days[-1].date
        created = self._moment(first + timedelta(days=3))
        due, rule = first + timedelta(days=3 + every), "FREQ=WEEKLY" if every == 7 else "FREQ=MONTHLY"
        for _ in range(len(self._days) // every + 2):
            if local_date(created, self._persona.timezone) > last:
                return
            fields = {
                "title": title,
                "recurrence": rule,
                "due_date": due,
                "estimated_minutes": 15,
                "priority": "medium",
            }
            task = self._create(created, category, fields, tags=["routine"])
            slip = int(self._rng.choice(5, p=(0.25, 0.5, 0.15, 0.07, 0.03))) - 1
            done = max(created + timedelta(hours=3), self._moment(due + timedelta(days=slip)))
            self._change(done, "task.completed", task, {"status": "completed", "completed_at": done})
            created, due = done + timedelta(seconds=1), due + timedelta(days=every)

    def _described(self, created: datetime) -> tuple[str, dict[str, Any]]:
        """Category, title, tags, priority, estimate and goal: what is known when a task is written down."""
        categories = self._persona.categories
        category = weighted(self._rng, {name: 1 / (rank + 1) for rank, name in enumerate(categories)})
        title, tags = task_title(self._rng, category)
        fields: dict[str, Any] = {"title": title, "tags": tags, "priority": weighted(self._rng, PRIORITIES)}
        if chance(self._rng, 0.7):
            fields["estimated_minutes"] = weighted(self._rng, ESTIMATES)
        day = local_date(created, self._persona.timezone)
        goals = [id_ for id_, of, first, last in self._places.goals if of == category and first < day <= last]
        if goals and chance(self._rng, 0.35):
            fields["goal_id"] = pick(self._rng, goals)
        return category, fields

    def _create(
        self,
        at: datetime,
        category: str,
        fields: Mapping[str, Any],
        *,
        tags: list[str] | None = None,
        by_ai: bool = False,
    ) -> UUID:
        task = mint(self._rng, at)
        whole = {"category_id": self._places.categories[category], "created_at": at, **fields}
        if tags is not None:
            whole["tags"] = tags
        self.changes.append(Change(at, "task.created", task, whole, "ai" if by_ai else "user"))
        return task

    def _change(self, at: datetime, type_: str, task: UUID, fields: Mapping[str, Any]) -> None:
        self.changes.append(Change(at, type_, task, fields))

    def _due(self, day: date) -> date:
        return day + timedelta(days=min(30, int(self._rng.gamma(1.2, 4.5))))

    def _put_off(self, category: str, fields: Mapping[str, Any]) -> float:
        """By how many steps the user's habits put this task off: for its category, for what matters little, and for what is long."""
        length = log2(fields.get("estimated_minutes", 30) / 30)
        habit = dict(self._persona.puts_off).get(category, 0.0)
        return habit + LATER_BY_LENGTH * length - SOONER_BY_PRIORITY[fields["priority"]]

    def _done_at(self, created: datetime, due: date | None, fields: Mapping[str, Any], put_off: float) -> datetime:
        """The new is done soon or late; the due around its date, by temper and habit; and neither on days without energy."""
        born = local_date(created, self._persona.timezone)
        target = born + timedelta(days=round(self._rng.lognormal(0, 0.25) * USUAL_WAIT * STRETCH**put_off))
        if due is not None:
            mean, spread = self._persona.lateness_days
            by_date = due + timedelta(days=round(float(self._rng.normal(mean + max(0.0, put_off) / 2, spread))))
            target = max(born, min(target, by_date))
        if fields.get("start_at"):
            target = max(target, local_date(fields["start_at"], self._persona.timezone))
        blockers = {task: done for task, done in self._recent[-12:] if task in fields.get("blocked_by", ())}
        after = max((created, *blockers.values()))
        done = self._moment(self._with_energy(max(target, local_date(after, self._persona.timezone))))
        return max(done, after + timedelta(minutes=5 + 60 * float(self._rng.random())))

    def _with_energy(self, day: date) -> date:
        start = self._index.get(day)
        if start is None:
            return day
        for later in self._days[start : start + 21]:
            if chance(self._rng, min(1, later.energy)):
                return later.date
        return day

    def _moment(self, day: date) -> datetime:
        middle, spread = pick(self._rng, self._persona.hours)
        hour = min(27.5, max(6, float(self._rng.normal(middle, spread))))
        return moment(day, hour, self._persona.timezone)

"""Random lives of a user for all gold tables: tasks, goals, habits, time, appointments, days off, apps, and moving house."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import strategies as st

from focusflow.clock import local_date
from tests.integration.pipelines.conftest import SampleUser, Thing
from tests.integration.pipelines.stories import BEGINNINGS, ZONES

DAY = 24 * 60

#: What a turn's number chooses.
FREQUENCIES: tuple[dict[str, object], ...] = (
    {"frequency": "daily"},
    {"frequency": "weekdays", "weekdays": [0, 2, 5]},
    {"frequency": "weekly", "times_per_week": 2},
)
PRIORITIES = ("low", "medium", "high")
TAGS = ["home", "garden", "shed"]
KINDS = ("focus", "pomodoro", "manual")
SPENT = (7, 25, 57, 300, 900, 1600)
PLATFORMS = ("ios", "web", None)
CATEGORIES = (None, UUID(int=1), UUID(int=2))
APPOINTMENTS: tuple[dict[str, object], ...] = (
    {}, {"calendar_id": "focusflow-plan"}, {"busy": False}, {"all_day": True}, {"rrule": "FREQ=DAILY;INTERVAL=2;COUNT=4"}, {},
)  # fmt: skip

#: Times that the same appointments add, or leave out, after their start.
SERIES: tuple[dict[str, list[timedelta]], ...] = (
    {}, {}, {}, {}, {"exdates": [timedelta(days=2)], "rdates": [timedelta(hours=30), timedelta(days=40)]}, {"rdates": [timedelta(days=3)]},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that happens a while after the turn before."""

    what: str
    minutes: int
    which: int


#: Twice what should happen more often.
WHATS = (
    "task", "task", "complete", "complete", "reopen", "change", "put away", "time", "time", "spend", "correct", "goal", "progress", "progress",
    "end goal", "habit", "log", "log", "skip", "drop habit", "off", "meeting", "meeting", "move", "choose", "use", "use", "be told", "import",
)  # fmt: skip

#: Between a turn and the one before.
MINUTES = (0, 20, 400, DAY, DAY, 3 * DAY, 9 * DAY)

turns = st.builds(
    Turn,
    what=st.sampled_from(WHATS),
    minutes=st.sampled_from(MINUTES),
    which=st.integers(0, 5),
)


@dataclass(slots=True)
class Life:
    """What somebody has so far."""

    user: SampleUser
    now: datetime
    tasks: list[Thing] = field(default_factory=list)
    entries: list[Thing] = field(default_factory=list)
    goals: list[Thing] = field(default_factory=list)
    habits: list[Thing] = field(default_factory=list)
    logs: dict[tuple[Thing, date], Thing] = field(default_factory=dict)

    @property
    def here(self) -> date:
        return local_date(self.now, self.user.timezone)

    def take(self, turn: Turn) -> None:
        self.now += timedelta(minutes=turn.minutes)
        done: dict[str, Callable[[int], None]] = {
            "task": self._task, "complete": self._complete, "reopen": self._reopen, "change": self._change, "put away": self._put_away,
            "time": self._time, "spend": self._spend, "correct": self._correct, "goal": self._goal, "progress": self._progress,
            "end goal": self._end_goal, "habit": self._habit, "log": self._log, "skip": self._skip, "drop habit": self._drop_habit,
            "off": self._off, "meeting": self._meeting, "move": self._move, "choose": self._choose, "use": self._use, "be told": self._receive_report,
            "import": self._import,
        }  # fmt: skip
        done[turn.what](turn.which)

    def _task(self, which: int) -> None:
        estimate = {"estimated_minutes": 15 * which, "actual_minutes": 20} if which % 3 else {}
        sort = {"priority": PRIORITIES[which % 3], "category_id": CATEGORIES[which // 2], "tags": TAGS[: which % 4]}
        when = {"start_at": self.now + timedelta(days=which - 3)} if which % 2 else {}
        after = {"blocked_by": [self.tasks[-1].id]} if which == 4 and self.tasks else {}
        is_pinned = which == 5
        self.tasks.append(
            self.user.task(self.now, pinned=is_pinned, **estimate, **sort, **when, **after, **self._due(which))
        )

    def _due(self, which: int) -> dict[str, object]:
        """By a moment, by a day, or whenever."""
        by = self.now + timedelta(hours=30 * which - 20)
        dues: tuple[dict[str, object], ...] = (
            {"due_at": None, "due_date": None},
            {"due_at": by, "due_date": None},
            {"due_at": None, "due_date": local_date(by, self.user.timezone)},
        )
        return dues[which % 3]

    def _complete(self, which: int) -> None:
        if task := self._one_of(self.tasks, which):
            task.completed(self.now)

    def _reopen(self, which: int) -> None:
        if task := self._one_of(self.tasks, which):
            task.reopened(self.now)

    def _change(self, which: int) -> None:
        changes = (
            {"status": "in_progress"}, {"priority": PRIORITIES[1]}, self._due(which), self._due(which), self._due(which),
            {"category_id": CATEGORIES[len(self.tasks) % 3]},
        )[which]  # fmt: skip
        if task := self._one_of(self.tasks, which):
            task.happens("updated", self.now, **changes)

    def _put_away(self, which: int) -> None:
        if not (task := self._one_of(self.tasks, which)):
            return
        if which % 2:
            task.deleted(self.now)
        else:
            task.happens("archived", self.now, status="archived")

    def _time(self, which: int) -> None:
        self._logged(which)

    def _spend(self, which: int) -> None:
        if task := self._one_of(self.tasks, which):
            self._logged(which, task_id=task.id)

    def _logged(self, which: int, **on: UUID) -> None:
        ended = self.now - timedelta(minutes=15 * which)
        entry = self.user.new(
            "time_entry",
            kind=KINDS[which % 3],
            started_at=ended - timedelta(minutes=SPENT[which]),
            ended_at=ended,
            **on,
        )
        entry.happens("logged", self.now)
        self.entries.append(entry)

    def _correct(self, which: int) -> None:
        if not (entry := self._one_of(self.entries, which)):
            return
        if which % 2:
            entry.happens("deleted", self.now)
            self.entries.remove(entry)
        elif entry.version == 1:
            entry.happens("updated", self.now, started_at=entry.data["started_at"] - timedelta(hours=which))

    def _goal(self, which: int) -> None:
        target = self.here + timedelta(days=20 * which) if which else None
        self.goals.append(self.user.new("goal", title="G", created_at=self.now, target_date=target))
        self.goals[-1].happens("created", self.now, progress=0, status="active")

    def _progress(self, which: int) -> None:
        if goal := self._one_of(self.goals, which):
            goal.happens("progressed", self.now, progress=max(0, min(99, goal.data["progress"] + 9 * which - 8)))

    def _end_goal(self, which: int) -> None:
        if not (goal := self._one_of(self.goals, which)):
            return
        if which < 2:
            goal.happens("completed", self.now, status="completed", completed_at=self.now, progress=100)
        else:
            ends = ("deleted", "cancelled", "paused", "resumed")[which - 2]
            goal.happens(ends, self.now, status={"resumed": "active", "deleted": goal.data["status"]}.get(ends, ends))
            if ends == "deleted":
                self.goals.remove(goal)

    def _habit(self, which: int) -> None:
        self.habits.append(self.user.habit(self.now, **FREQUENCIES[which % 3]))

    def _log(self, which: int) -> None:
        self._noted(which, skipped=False)

    def _skip(self, which: int) -> None:
        self._noted(which, skipped=True)

    def _noted(self, which: int, *, skipped: bool) -> None:
        if habit := self._one_of(self.habits, which):
            fresh = self.user.new("habit_log", habit_id=habit.id, local_date=self.here)
            log = self.logs.setdefault((habit, self.here), fresh)
            log.happens("unlogged" if log.version % 2 else "logged", self.now, skipped=skipped)

    def _drop_habit(self, which: int) -> None:
        if habit := self._one_of(self.habits, which):
            habit.happens("archived", self.now, archived_at=self.now)
            self.habits.remove(habit)

    def _off(self, which: int) -> None:
        off = self.user.new("day_off", first_date=self.here, last_date=self.here + timedelta(days=which))
        off.happens("created", self.now)
        if which == 5:
            off.happens("deleted", self.now)

    def _meeting(self, which: int) -> None:
        start = self.now + timedelta(hours=which)
        end = start + timedelta(minutes=45 * which + 10)
        series = {name: [start + each for each in offsets] for name, offsets in SERIES[which].items()}
        event = self.user.new("calendar_event", title="M", start_at=start, end_at=end, **APPOINTMENTS[which], **series)
        event.happens("created", self.now)
        if which == 5:
            event.happens("deleted", self.now)

    def _move(self, which: int) -> None:
        self.user.moves(ZONES[which % len(ZONES)], self.now)

    def _choose(self, which: int) -> None:
        self.user.account.happens("updated", self.now, week_start=which, daily_focus_goal_minutes=60 * which or None)

    def _use(self, which: int) -> None:
        used = self.user.new("activity", name=f"feature {which % 2}", platform=PLATFORMS[which % 3])
        used.happens("tracked", self.now)

    def _receive_report(self, which: int) -> None:
        """What the platform does for somebody is nothing that they did."""
        if which % 2:
            self.user.new("generation", kind="plan", model="local").happens("plan_generated", self.now)
        else:
            self.user.new("report_delivery", kind="weekly", period="2026-W10").happens("sent", self.now)
        self.user.events[-1] = self.user.events[-1].model_copy(update={"actor": "system"})

    def _import(self, which: int) -> None:
        """What another program tells of: a task done, or time spent, long before, and before the registration for an early turn."""
        then = self.now - timedelta(days=9 * which + 1)
        if which % 2:
            done = then + timedelta(hours=30)
            task = self.user.new("task", title="Imported", created_at=then, due_at=then + timedelta(days=which - 1))
            task.happens("created", then)
            task.completed(done)
        else:
            ended = then + timedelta(minutes=SPENT[which])
            entry = self.user.new("time_entry", kind=KINDS[which % 3], started_at=then, ended_at=ended)
            entry.happens("logged", self.now)
            self.entries.append(entry)

    @staticmethod
    def _one_of(things: list[Thing], which: int) -> Thing | None:
        return things[which % len(things)] if things else None


def lived(timezone: str, begins: datetime, id_: UUID, turns: list[Turn]) -> SampleUser:
    life = Life(SampleUser(timezone, begins, id_), begins)
    for turn in turns:
        life.take(turn)
    return life.user


def random_history(random: Random) -> SampleUser:
    """The same without Hypothesis, for long runs."""
    turns = [
        Turn(random.choice(WHATS), random.choice(MINUTES), random.randint(0, 5)) for _ in range(random.randint(20, 60))
    ]
    id_ = UUID(int=random.getrandbits(128), version=4)
    return lived(random.choice(ZONES), random.choice(BEGINNINGS), id_, turns)


generated_histories = st.builds(
    lived,
    timezone=st.sampled_from(ZONES),
    begins=st.sampled_from(BEGINNINGS),
    id_=st.uuids(),
    turns=st.lists(turns, min_size=20, max_size=60),
)

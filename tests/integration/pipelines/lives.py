"""Random lives of a person for all gold tables: tasks, goals, habits, time, appointments, days off, and moving house."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from focusflow.clock import local_date
from tests.integration.pipelines.conftest import Person, Thing
from tests.integration.pipelines.stories import BEGINNINGS, ZONES

DAY = 24 * 60
FREQUENCIES: tuple[dict[str, object], ...] = (
    {"frequency": "daily"},
    {"frequency": "weekdays", "weekdays": [0, 2, 5]},
    {"frequency": "weekly", "times_per_week": 2},
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that happens a while after the turn before."""

    what: str
    minutes: int
    which: int


#: Twice what should happen more often.
WHATS = (
    "task", "task", "complete", "complete", "reopen", "delete", "time", "goal", "goal", "progress", "progress", "progress", "end goal",
    "habit", "log", "log", "log", "skip", "off", "meeting", "meeting", "move",
)  # fmt: skip

turns = st.builds(
    Turn,
    what=st.sampled_from(WHATS),
    minutes=st.sampled_from((0, 20, 400, DAY, DAY, 3 * DAY, 16 * DAY)),
    which=st.integers(0, 5),
)


@dataclass(slots=True)
class Life:
    """What somebody has so far."""

    person: Person
    now: datetime
    tasks: list[Thing]
    goals: list[Thing]
    habits: list[Thing]
    logs: dict[tuple[Thing, date], Thing]

    def take(self, turn: Turn) -> None:
        self.now += timedelta(minutes=turn.minutes)
        here, which = local_date(self.now, self.person.timezone), turn.which
        if turn.what in ("task", "complete", "reopen", "delete"):
            self._task(turn.what, which)
        elif turn.what in ("goal", "progress", "end goal"):
            self._goal(turn.what, which, here)
        elif turn.what in ("habit", "log", "skip"):
            self._habit(turn.what, which, here)
        elif turn.what == "time":
            self.person.time(self.now, self.now + timedelta(minutes=25 * which + 7), "manual")
        elif turn.what == "off":
            off = self.person.new("day_off", first_date=here, last_date=here + timedelta(days=which))
            off.happens("created", self.now)
        elif turn.what == "meeting":
            self._meeting(which)
        else:
            self.person.moves(ZONES[which % len(ZONES)], self.now)

    def _task(self, what: str, which: int) -> None:
        if what == "task":
            estimate = {"estimated_minutes": 15 * which, "actual_minutes": 20} if which else {}
            self.tasks.append(self.person.task(self.now, **estimate))
        elif self.tasks:
            task = self.tasks[which % len(self.tasks)]
            {"complete": task.completed, "reopen": task.reopened, "delete": task.deleted}[what](self.now)

    def _goal(self, what: str, which: int, here: date) -> None:
        if what == "goal":
            target = here + timedelta(days=20 * which) if which else None
            self.goals.append(self.person.new("goal", title="G", created_at=self.now, target_date=target))
            self.goals[-1].happens("created", self.now, progress=0, status="active")
        elif self.goals:
            goal = self.goals[which % len(self.goals)]
            if what == "progress":
                progress = max(0, min(99, goal.data["progress"] + 9 * which - 8))
                goal.happens("progressed", self.now, progress=progress)
            elif which < 3:
                goal.happens("completed", self.now, status="completed", completed_at=self.now, progress=100)
            else:
                ends = ("cancelled", "paused", "resumed")[which - 3]
                goal.happens(ends, self.now, status={"resumed": "active"}.get(ends, ends), completed_at=None)

    def _habit(self, what: str, which: int, here: date) -> None:
        if what == "habit":
            self.habits.append(self.person.habit(self.now, **FREQUENCIES[which % 3]))
        elif self.habits:
            self._log(self.habits[which % len(self.habits)], here, what == "skip")

    def _meeting(self, which: int) -> None:
        start = self.now + timedelta(hours=which)
        end = start + timedelta(minutes=45 * which + 10)
        event = self.person.new("calendar_event", title="M", start_at=start, end_at=end)
        event.happens("created", self.now)
        if which == 5:
            event.happens("deleted", self.now)

    def _log(self, habit: Thing, day: date, skipped: bool) -> None:
        log = self.logs.setdefault((habit, day), self.person.new("habit_log", habit_id=habit.id, local_date=day))
        log.happens("unlogged" if log.version % 2 else "logged", self.now, skipped=skipped)


def lived(timezone: str, begins: datetime, turns: list[Turn]) -> Person:
    life = Life(Person(timezone, begins), begins, [], [], [], {})
    for turn in turns:
        life.take(turn)
    return life.person


lives = st.builds(
    lived,
    timezone=st.sampled_from(ZONES),
    begins=st.sampled_from(BEGINNINGS),
    turns=st.lists(turns, min_size=12, max_size=40),
)

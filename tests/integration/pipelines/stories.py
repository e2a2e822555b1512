"""Small random histories of a user, across changes of the clocks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import strategies as st

from focusflow.clock import local_date
from focusflow.contracts.envelope import Event
from tests.integration.pipelines.conftest import SampleUser, Thing

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Cairo", "Pacific/Auckland")

#: Days before the clocks change in one of the zones; in Cairo at midnight.
BEGINNINGS = (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC), datetime(2026, 4, 21, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens a while after the step before, to one of the things that are there."""

    what: str
    minutes: int
    which: int
    days: int


steps = st.builds(
    Step,
    what=st.sampled_from(("create", "create", "complete", "complete", "reopen", "delete", "time", "time", "habit")),
    minutes=st.integers(0, 1200),
    which=st.integers(0, 5),
    days=st.integers(-1, 3),
)


@dataclass(frozen=True, slots=True)
class Story:
    """Where somebody lives, since when, and what happens from then on."""

    timezone: str
    begins: datetime
    steps: list[Step]

    def user(self) -> SampleUser:
        """Somebody to whom this has happened."""
        user = SampleUser(self.timezone, self.begins)
        habit = user.habit(self.begins)
        tasks: list[Thing] = []
        now, logged = self.begins, set[date]()
        for step in self.steps:
            before, now = now, now + timedelta(minutes=step.minutes)
            today = local_date(now, self.timezone)
            task = tasks[step.which % len(tasks)] if tasks else None
            if step.what == "create":
                tasks.append(user.task(now, **self._due(step, now)))
            elif step.what == "time" and now > before:
                user.time(now - timedelta(minutes=step.minutes + 30 * step.which), now)
            elif step.what == "habit" and today not in logged:
                logged.add(today)
                user.new("habit_log", habit_id=habit.id, local_date=today).happens("logged", now)
            elif step.what == "complete" and task:
                task.completed(now)
            elif step.what == "reopen" and task:
                task.reopened(now)
            elif step.what == "delete" and task:
                task.deleted(now)
            elif step.what == "sort" and task:
                task.happens("updated", now, category_id=UUID(int=step.which))
            elif step.what == "spend" and task:
                started = now - timedelta(minutes=20 + 30 * step.which)
                entry = user.new("time_entry", task_id=task.id, kind="focus", started_at=started, ended_at=now)
                entry.happens("logged", now + timedelta(hours=step.which))
        return user

    def _due(self, step: Step, now: datetime) -> dict[str, object]:
        """By a moment, by a day, or whenever."""
        if step.days < 0:
            return {}
        by = now + timedelta(days=step.days, minutes=7 * step.which)
        return {"due_at": by} if step.which % 2 else {"due_date": local_date(by, self.timezone)}


stories = st.builds(
    Story,
    timezone=st.sampled_from(ZONES),
    begins=st.sampled_from(BEGINNINGS),
    steps=st.lists(steps, min_size=3, max_size=14),
)

DAY = 24 * 60

#: Over some months, for what is computed month by month.
long_stories = st.builds(
    Story,
    timezone=st.sampled_from(ZONES),
    begins=st.sampled_from(BEGINNINGS),
    steps=st.lists(
        st.builds(
            Step,
            what=st.sampled_from(
                ("create", "create", "complete", "reopen", "delete", "sort", "spend", "spend", "wait")
            ),
            minutes=st.sampled_from((0, 30, 700, DAY, 9 * DAY, 40 * DAY)),
            which=st.integers(0, 5),
            days=st.integers(-1, 60),
        ),
        min_size=8,
        max_size=16,
    ),
)


@st.composite
def batches(draw: st.DrawFn, events: list[Event]) -> list[list[Event]]:
    """The events in any order, some of them twice, in a few batches."""
    doubled = draw(st.lists(st.sampled_from(events), max_size=3))
    shuffled = draw(st.permutations(events + doubled))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled) - 1), max_size=3))) if len(shuffled) > 1 else []
    return [shuffled[start:end] for start, end in pairwise([0, *cuts, len(shuffled)])]

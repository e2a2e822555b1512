"""A user of whom every gold table has something to tell."""

from datetime import date, timedelta

from focusflow.contracts.envelope import Event
from tests.integration.pipelines.conftest import SampleUser, Thing


class Busy:
    """Somebody who does a little of everything, again and again."""

    def __init__(self, user: SampleUser, since: str) -> None:
        self.user = user
        self.goal = user.new("goal", title="Read", created_at=user.moment(f"{since} 09:00"))
        self.goal.happens("created", f"{since} 09:00", status="active")
        self.habit: Thing = user.habit(f"{since} 09:00")

    def day(self, day: date | str, at: int = 12) -> list[Event]:
        """A task that was estimated and took its time, an appointment, a habit, and a look at the app; what happened."""
        known = len(self.user.events)
        said, end = f"{day} {at}:00", f"{day} {at}:30"
        task = self.user.task(said, estimated_minutes=20, due_date=f"{day}")
        entry = self.user.new(
            "time_entry",
            kind="focus",
            task_id=task.id,
            started_at=self.user.moment(said),
            ended_at=self.user.moment(end),
        )
        entry.happens("logged", end)
        task.completed(end)
        span = {"start_at": self.user.moment(f"{day} {at}:00"), "end_at": self.user.moment(f"{day} {at}:50")}
        self.user.new("calendar_event", title="Call", **span).happens("created", f"{day} {at - 1}:00")
        self.user.new("activity", name="opened").happens("tracked", said)
        return self.user.events[known:]

    def habit_done(self, day: date | str) -> Event:
        self.user.log(self.habit, f"{day}")
        return self.user.events[-1]

    def goal_reached(self, at: str) -> Event:
        return self.goal.happens("completed", at, status="completed", progress=100, completed_at=self.user.moment(at))

    def every(self, days: int, first: date, last: date) -> None:
        for number in range(0, (last - first).days, days):
            self.day(first + timedelta(days=number))
            self.habit_done(first + timedelta(days=number))

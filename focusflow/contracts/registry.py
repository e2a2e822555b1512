"""All event types. Schemas, documentation, silver tables and validation are derived from this list."""

from dataclasses import dataclass

from focusflow.contracts.activity import Activity, Generation, ReportDelivery
from focusflow.contracts.calendar import CalendarEvent, DayOff
from focusflow.contracts.fields import Data
from focusflow.contracts.goal import Goal, Milestone
from focusflow.contracts.habit import Habit, HabitLog
from focusflow.contracts.task import Task
from focusflow.contracts.time import TimeEntry
from focusflow.contracts.user import User


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of entity, the major version of its data, and its event actions."""

    name: str
    data: type[Data]
    actions: tuple[str, ...]
    prefix: str = ""
    major: int = 1

    @property
    def schema(self) -> str:
        return f"focusflow:{self.name}:{self.major}"

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix or self.name}.{action}" for action in self.actions)


NOUNS = (
    Noun("user", User, ("registered", "updated", "erased")),
    Noun("task", Task, ("created", "updated", "completed", "reopened", "archived", "restored", "deleted")),
    Noun("goal", Goal, ("created", "updated", "progressed", "completed", "paused", "resumed", "cancelled", "deleted")),
    Noun("milestone", Milestone, ("created", "updated", "completed", "skipped", "deleted")),
    Noun("habit", Habit, ("created", "updated", "archived", "deleted")),
    Noun("habit_log", HabitLog, ("logged", "unlogged"), prefix="habit"),
    Noun("time_entry", TimeEntry, ("started", "stopped", "logged", "updated", "deleted"), prefix="time"),
    Noun("calendar_event", CalendarEvent, ("created", "updated", "deleted"), prefix="calendar"),
    Noun("day_off", DayOff, ("created", "updated", "deleted"), prefix="dayoff"),
    Noun("activity", Activity, ("tracked",)),
    Noun("generation", Generation, ("plan_generated", "insight_generated"), prefix="ai"),
    Noun("report_delivery", ReportDelivery, ("sent", "failed", "opened", "unsubscribed"), prefix="report"),
)

#: The noun of each event type.
BY_TYPE: dict[str, Noun] = {type_: noun for noun in NOUNS for type_ in noun.types}

#: Nouns by name.
BY_NAME: dict[str, Noun] = {noun.name: noun for noun in NOUNS}

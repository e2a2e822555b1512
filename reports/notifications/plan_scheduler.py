"""The day's plan, told to whoever wants it an hour before their work begins: one per user and day, whoever looks how often.

The plan is kept under a name made of user and day, in the transaction that tells of it; what is there already is told no more.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from focusflow import clock, locales
from focusflow.clock import local_date, start_of, zone
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.identity import new_id
from focusflow.preferences import DEFAULTS
from focusflow.settings import Settings
from reports.failures import Attempts, Item
from reports.insights.accounts import plan_call, write
from reports.insights.writer import Written
from reports.periods.builder import ReportBuilder, report_builder
from reports.periods.content import AT_MOST, Line, Part
from reports.periods.facts import User
from reports.planning.day import candidates, figures, free_time
from reports.planning.planner import Block, Plan, planned
from reports.render import Notice

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: So long before work begins.
AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A user's day that a plan is due for, and when they work on it."""

    user: User
    day: date
    hours: tuple[time, time]

    @property
    def id(self) -> UUID:
        """The name of its plan."""
        return uuid5(self.user.id, f"daily plan {self.day}")

    @property
    def item(self) -> Item:
        return Item(self.user.id, f"{self.day}")

    def is_due(self, now: datetime) -> bool:
        begin, end = (datetime.combine(self.day, hour, zone(self.user.timezone)).astimezone(UTC) for hour in self.hours)
        return begin - AHEAD <= now < end


@dataclass(frozen=True)
class PlanScheduler:
    """Makes what is due. Several may be at it at once."""

    database: Database
    report_builder: ReportBuilder
    now: Callable[[], datetime] = clock.now

    def due(self) -> list[Day]:
        return self._due(self._attempts())

    def run(self) -> int:
        """How many were told of their plan."""
        attempts = self._attempts()
        with ThreadPoolExecutor(self.report_builder.settings.mail_connections, "plans") as makers:
            notified = makers.map(lambda day: attempts.make(day.item, partial(self._notify, day)), self._due(attempts))
            return sum(map(bool, notified))

    def _attempts(self) -> Attempts:
        return Attempts.at(self.database, "plan", self.now())

    def _due(self, attempts: Attempts) -> list[Day]:
        now = self.now()
        with self.database.transaction(Role.REPORTING) as tx:
            wanted = tx.all(QUERIES["wanted"], DEFAULTS)
        found = [attempts.make(Item(row["id"], "due"), partial(_due_day, row, now)) for row in wanted]
        due = [day for day in found if day and not attempts.is_waiting(day.item)]
        with self.database.transaction(Role.REPORTING) as tx:
            kept = {row["id"] for row in tx.all(QUERIES["kept"], {"ids": [day.id for day in due]})}
        return [day for day in due if day.id not in kept]

    def _notify(self, day: Day) -> bool:
        """A day without room or work has its plan too, but nobody is told of it."""
        me, timezone = day.user.id, day.user.timezone
        with self.database.transaction(Role.REPORTING) as tx:
            free = free_time(tx, me, timezone, day.day, day.hours)
            rows, tasks = candidates(tx, me, timezone)
        plan = planned(tasks, free, day_ends=start_of(day.day + timedelta(days=1), timezone))
        call = plan_call({"day": f"{day.day}", **asdict(plan)})
        words, _topic = self.report_builder.words_of_plan(me, timezone, figures(plan, free), day.user.locale)
        titles = {row["task_id"]: row["title"] for row in rows}
        with self.database.transaction(Role.REPORTING) as tx:
            if not write(tx, day.id, me, call) or not plan.blocks:
                return False
            tx.run(QUERIES["replace"], {"user_id": me, "now": self.now()})
            with locales.using(day.user.locale):
                notice = _notice(day.user, plan, titles, words)
            tx.run(QUERIES["tell"], self._note(day, notice))
        return True

    def _note(self, day: Day, notice: Notice) -> dict[str, Any]:
        lines = "\n".join(f"{line.value}  {line.label}" for line in notice.parts[0].lines)
        data = Jsonb({"plan_id": f"{day.id}", "day": f"{day.day}", "notice": asdict(notice)})
        with locales.using(day.user.locale):
            title = _("Your plan for {day}", day=locales.whole_day(day.day))
        values = {"id": new_id(), "user_id": day.user.id, "title": title, "body": lines, "data": data}
        return {**values, "now": self.now()}


def _due_day(row: Mapping[str, Any], now: datetime) -> Day | None:
    """The user's day, if its plan is due."""
    user = User(row["id"], row["display_name"], row["timezone"], row["week_start"], row["locale"])
    day = Day(user, local_date(now, user.timezone), (row["work_from"], row["work_until"]))
    return day if day.is_due(now) else None


def _notice(user: User, plan: Plan, titles: Mapping[UUID, str], words: Written) -> Notice:
    def hour(moment: datetime) -> str:
        return locales.clock(moment.astimezone(zone(user.timezone)))

    blocks = tuple(
        Line("block", titles[each.task_id], f"{hour(each.start_at)} – {hour(each.end_at)}", _note_of(each))
        for each in plan.blocks
    )  # fmt: skip
    left_out = tuple(Line("left_out", titles[each.task_id], duration(each.minutes)) for each in plan.left_out[:AT_MOST])
    said = locales.localised if words.by == "service" else str
    think = tuple(Line("remark", said(each.text), "") for each in words.insights.suggestions)
    parts = (
        Part("plan", _("Your day"), blocks),
        Part("left_out", _("No room for"), left_out),
        Part("insights", _("Suggestions"), think),
    )
    return Notice(said(words.insights.headline), parts=tuple(part for part in parts if part.lines))


def _note_of(block: Block) -> str:
    if block.is_late:
        return _("after its due time")
    return _("{duration} do not fit", duration=duration(block.minutes_left)) if block.minutes_left else ""


def plans(settings: Settings, database: Database) -> PlanScheduler:
    """Those of this installation."""
    return PlanScheduler(database, report_builder(settings, database))

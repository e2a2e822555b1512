"""Reminds users of what they did not ask to be reminded of: tasks due today or tomorrow, goals whose date is near or that fall behind.

Told once their work begins, in one note a day and kind that names five at most; each date of a task or goal is told once, for which
`told_reminders` is kept. How a note goes out is the matter of `reports/notifications/delivery.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from focusflow import clock, locales
from focusflow.availability import DAY
from focusflow.clock import local_date, start_of, zone
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.identity import new_id
from focusflow.preferences import DEFAULTS
from reports.failures import Attempts, Item
from reports.periods.content import AT_MOST, Line, Part
from reports.render import Notice

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: A goal's date is near so many days before it, and nothing is made of a pace before so many have passed.
DAYS = 7

#: So many points of 100 under an even pace is behind it.
POINTS = 10

TASKS = mark("You are reminded of each due date once.")
GOALS = mark("A look now leaves the most room to change course, or the date.")

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReminderScheduler:
    """Looks whom there is something to remind of. Several may be at it at once."""

    database: Database
    now: Callable[[], datetime] = clock.now

    def due(self) -> list[list[Found]]:
        """What there is to tell, by user and kind; the most pressing first."""
        return self._due(self._attempts())

    def run(self) -> int:
        """How many notes were told."""
        attempts = self._attempts()
        return sum(bool(attempts.make(_item(found), partial(self._notify, found))) for found in self._due(attempts))

    def _attempts(self) -> Attempts:
        return Attempts.at(self.database, "reminder", self.now())

    def _due(self, attempts: Attempts) -> list[list[Found]]:
        now = self.now()
        with self.database.transaction(Role.REPORTING) as tx:
            wanted = tx.all(QUERIES["wanted"], {**DEFAULTS, "now": now})
        users = [row for row in wanted if attempts.make(Item(row["id"], "due"), partial(_is_at_work, row, now))]
        with self.database.transaction(Role.REPORTING) as tx:
            found = tx.all(QUERIES["near"], {"now": now, "days": DAYS, "points": POINTS, **_days_of(users, now)})
        due = [list(rows) for _key, rows in groupby(found, lambda row: (row["user_id"], row["type"]))]
        return [rows for rows in due if not attempts.is_waiting(_item(rows))]

    def _notify(self, found: list[Found]) -> bool:
        named = found[:AT_MOST]
        first, now = named[0], self.now()
        who = {"user_id": first["user_id"], "type": first["type"], "now": now}
        kept = {
            "entities": [row["entity_id"] for row in named],
            "whys": [row["why"] for row in named],
            "dates": [row["for_date"] for row in named],
            "today": first["today"],
        }
        with self.database.transaction(Role.REPORTING) as tx:
            tx.one(QUERIES["alone"], who)
            if not tx.run(QUERIES["keep"], who | kept):  # another user was quicker
                return False
            tx.run(QUERIES["replace"], who)
            with locales.using(first["locale"]):
                tx.run(QUERIES["tell"], who | _note(named, len(found) - len(named)))
        return True


def _item(found: list[Found]) -> Item:
    """One note a day and kind."""
    return Item(found[0]["user_id"], f"{found[0]['type']} {found[0]['today']}")


def _is_at_work(row: Mapping[str, Any], now: datetime) -> bool:
    today = local_date(now, row["timezone"])
    begin, end = (
        datetime.combine(today, row[name], zone(row["timezone"])).astimezone(UTC)
        for name in ("work_from", "work_until")
    )
    return begin <= now < end


def _days_of(users: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, list[Any]]:
    """All users' today, and when it and tomorrow end."""
    todays = {row["id"]: (local_date(now, row["timezone"]), row["timezone"]) for row in users}
    return {
        "people": list(todays),
        "todays": [today for today, _zone in todays.values()],
        "midnights": [start_of(today + DAY, timezone) for today, timezone in todays.values()],
        "ends": [start_of(today + 2 * DAY, timezone) for today, timezone in todays.values()],
    }


def _note(named: list[Found], more: int) -> dict[str, Any]:
    lines = tuple(Line(row["why"], row["title"], "", _why(row)) for row in named)
    rest = ngettext("{n} more is not named here.", "{n} more are not named here.", more) if more else ""
    is_about_tasks = named[0]["type"] == "task_reminder"
    lead, heading = (_(TASKS), _("Due")) if is_about_tasks else (_(GOALS), _("Goals"))
    lines_text = "\n".join(f"{line.label}: {line.note}" for line in lines)
    notice = Notice(f"{lead} {rest}".rstrip(), parts=(Part("near", heading, lines),))
    return {
        "id": new_id(),
        "title": _title(named, len(named) + more),
        "body": f"{lines_text} {rest}".rstrip(),
        "data": Jsonb({"about": [f"{row['entity_id']}" for row in named], "notice": asdict(notice)}),
    }


def _title(named: list[Found], count: int) -> str:
    if named[0]["type"] == "goal_reminder":
        return _("A goal to look at") if count == 1 else ngettext("{n} goal to look at", "{n} goals to look at", count)
    days = list(dict.fromkeys(_day(row) for row in named))
    when = days[0] if len(days) == 1 else _("{first} and {second}", first=days[0], second=days[1])
    if count == 1:
        return _("Due {day}: {title}", day=when, title=named[0]["title"])
    if count > len(named):
        return ngettext("{n} task is due today or tomorrow", "{n} tasks are due today or tomorrow", count)
    return ngettext("{n} task is due {day}", "{n} tasks are due {day}", count, day=when)


def _why(row: Found) -> str:
    """
    >>> from datetime import date
    >>> goal = {"type": "goal_reminder", "why": "behind", "ahead": -21.6, "today": date(2026, 12, 1), "for_date": date(2027, 1, 4)}
    >>> _why(goal)
    '22 points behind schedule, due 4 January 2027'
    """
    day = _day(row)
    if row["why"] == "behind":
        day = locales.day(row["for_date"])
        points = -row["ahead"]
        return ngettext(
            "{n} point behind schedule, due {day}", "{n} points behind schedule, due {day}", points, day=day
        )
    if row["type"] == "goal_reminder" or not row["due_at"]:
        return _("due {day}", day=day)
    at = locales.clock(row["due_at"].astimezone(zone(row["timezone"])))
    return _("due {day} at {time}", day=day, time=at)


def _day(row: Found) -> str:
    days = (row["for_date"] - row["today"]).days
    return (_("today"), _("tomorrow"))[days] if days < 2 else locales.day(row["for_date"])

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

from focusflow import clock
from focusflow.availability import DAY
from focusflow.clock import local_date, start_of, zone
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.identity import new_id
from focusflow.preferences import DEFAULTS
from reports import locales
from reports.failures import Attempts, Item
from reports.periods.content import AT_MOST, Line, Part
from reports.render import Notice

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: A goal's date is near so many days before it, and nothing is made of a pace before so many have passed.
DAYS = 7

#: So many points of 100 under an even pace is behind it.
POINTS = 10

TASKS = "You are reminded of each due date once."
GOALS = "A look now leaves the most room to change course, or the date."

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
        due = [list(rows) for _, rows in groupby(found, lambda row: (row["user_id"], row["type"]))]
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
        "todays": [today for today, _ in todays.values()],
        "midnights": [start_of(today + DAY, timezone) for today, timezone in todays.values()],
        "ends": [start_of(today + 2 * DAY, timezone) for today, timezone in todays.values()],
    }


def _note(named: list[Found], more: int) -> dict[str, Any]:
    locale = named[0]["locale"]
    lines = tuple(Line(row["why"], row["title"], "", _why(row)) for row in named)
    rest = f" {locales.count(more, locale)} more {'is' if more == 1 else 'are'} not named here." if more else ""
    is_about_tasks = named[0]["type"] == "task_reminder"
    lead, heading = (TASKS, "Due") if is_about_tasks else (GOALS, "Goals")
    notice = Notice(lead + rest, parts=(Part("near", heading, lines),))
    return {
        "id": new_id(),
        "title": _title(named, len(named) + more),
        "body": "\n".join(f"{line.label}: {line.note}" for line in lines) + rest,
        "data": Jsonb({"about": [f"{row['entity_id']}" for row in named], "notice": asdict(notice)}),
    }


def _title(named: list[Found], count: int) -> str:
    if named[0]["type"] == "goal_reminder":
        return "A goal to look at" if count == 1 else f"{locales.count(count, named[0]['locale'])} goals to look at"
    days = " and ".join(dict.fromkeys(_day(row) for row in named))
    if count == 1:
        return f"Due {days}: {named[0]['title']}"
    return f"{locales.count(count, named[0]['locale'])} tasks are due {days if count == len(named) else 'today or tomorrow'}"


def _why(row: Found) -> str:
    """
    >>> from datetime import date
    >>> goal = {"type": "goal_reminder", "why": "behind", "ahead": -21.6, "for_date": date(2027, 1, 4), "locale": "en"}
    >>> _why(goal)
    '22 points behind schedule, due 4 January 2027'
    """
    locale = row["locale"]
    if row["why"] == "behind":
        points = locales.count(-row["ahead"], locale)
        return f"{points} points behind schedule, due {locales.day(row['for_date'], locale)}"
    if row["type"] == "goal_reminder":
        return f"due {_day(row)}"
    at = row["due_at"] and f" at {locales.clock(row['due_at'].astimezone(zone(row['timezone'])), locale)}"
    return f"due {_day(row)}{at or ''}"


def _day(row: Found) -> str:
    days = (row["for_date"] - row["today"]).days
    return ("today", "tomorrow")[days] if days < 2 else str(locales.day(row["for_date"], row["locale"]))

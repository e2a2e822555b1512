"""The gold tables against slow and obvious accounts of the same lives, however their events arrive."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from math import ceil, erf, exp, log, prod, sqrt
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from focusflow.clock import local_date, start_of, zone
from focusflow.contracts.envelope import Event
from focusflow.lake import Lake
from pipelines import build
from reports.achievements import ACHIEVEMENTS
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import Person, World
from tests.integration.pipelines.lives import lives
from tests.integration.pipelines.stories import batches

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

Rows = dict[Any, Any]


class Account:
    """A person's events, as they happened, and what they come to."""

    def __init__(self, person: Person, as_of: datetime) -> None:
        self.events, self.as_of = person.events, as_of
        self.today = local_date(as_of, person.timezone)
        self.first_day = person.events[0].localdate

    def each(self, noun: str) -> Iterator[list[Event]]:
        """The versions of each entity of a noun, as long as it was not deleted."""
        found: dict[Any, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.dataschema == f"focusflow:{noun}:1":
                found[event.subject].append(event)
        return iter(sorted(versions, key=lambda event: event.entityversion) for versions in found.values())

    def is_gone(self, versions: list[Event]) -> bool:
        return versions[-1].type.endswith(".deleted") or versions[-1].data.get("deleted_at") is not None

    def wall(self, moment: datetime) -> datetime:
        """As on the wall clock of where the person lived then."""
        accounts = [event for event in self.events if event.type.startswith("user.")]
        last = [event for event in accounts if event.time <= moment][-1:] or accounts[:1]
        return moment.astimezone(zone(last[0].data["timezone"]))

    def days(self) -> list[date]:
        return [self.first_day + n * DAY for n in range((self.today - self.first_day).days + 1)]

    def minutes(self, event: Event, begin: str, end: str) -> Iterator[datetime]:
        moment = datetime.fromisoformat(event.data[begin])
        while moment < datetime.fromisoformat(event.data[end]):
            yield moment
            moment += MINUTE

    def meetings(self) -> list[Event]:
        return [versions[-1] for versions in self.each("calendar_event") if not self.is_gone(versions)]

    def entries(self) -> list[Event]:
        return [versions[-1] for versions in self.each("time_entry") if not self.is_gone(versions)]

    def completions(self) -> dict[date, int]:
        """Tasks that were completed on a day and not reopened on it."""
        found: Counter[date] = Counter()
        for versions in self.each("task"):
            words = {
                event.localdate: event.type for event in versions if event.type in ("task.completed", "task.reopened")
            }
            found.update(day for day, word in words.items() if word == "task.completed")
        return found


def habit_streaks(a: Account) -> Rows:
    logs = [versions[-1].data for versions in a.each("habit_log") if versions[-1].type == "habit.logged"]
    off = {
        date.fromisoformat(event.data["first_date"]) + n * DAY
        for (event, *_) in a.each("day_off")
        for n in range(
            (date.fromisoformat(event.data["last_date"]) - date.fromisoformat(event.data["first_date"])).days + 1
        )
    }
    found = {}
    for versions in a.each("habit"):
        habit, id_ = versions[-1].data, str(versions[-1].subject)
        mine = [each for each in logs if each["habit_id"] == id_]
        done = {date.fromisoformat(each["local_date"]) for each in mine if not each["skipped"]}
        free = off | {date.fromisoformat(each["local_date"]) for each in mine if each["skipped"]}
        begin = date.fromisoformat(habit["start_date"])
        days = [begin + n * DAY for n in range((a.today - begin).days + 1)]
        times = {"daily": 7, "weekdays": len(habit["weekdays"])}.get(habit["frequency"]) or habit["times_per_week"]
        strength, told = 0.0, [day for day in days if day in done or (day not in free and day < a.today)]
        for place, day in enumerate(told):
            lately = told[max(0, place - 13) : place + 1]
            share = float(day in done) if times == 7 else min(1, len(done.intersection(lately)) / (2 * times))
            m = 0.5 ** (sqrt(times / 7) / 13)
            strength = strength * m + share * (1 - m)
        runs = [0]
        if habit["frequency"] == "weekly":
            for monday in sorted({day - day.weekday() * DAY for day in days}):
                week = [monday + n * DAY for n in range(7)]
                could = [day for day in week if day in done or (day >= begin and day not in free)]
                if len(done.intersection(week)) >= times:
                    runs.append(runs[-1] + 1)
                elif len(could) >= times and week[-1] < a.today:
                    runs.append(0)
        else:
            for day in days:
                if day in done:
                    runs.append(runs[-1] + 1)
                elif day not in free and day < a.today and (times == 7 or day.weekday() in habit["weekdays"]):
                    runs.append(0)
        found[id_] = (runs[-1], max(runs), len(done), strength)
    return found


def goal_progress(a: Account) -> Rows:
    found = {}
    for versions in a.each("goal"):
        rows: dict[date, Event] = {}
        for day in a.days():
            so_far = [n for n in range(len(versions)) if max(event.localdate for event in versions[: n + 1]) <= day]
            event = versions[so_far[-1]] if so_far else None
            begins_today = event and max(each.localdate for each in versions[: so_far[-1] + 1]) == day
            if event and (
                event.data["status"] in ("active", "paused")
                or (begins_today and event.type in ("goal.completed", "goal.cancelled"))
            ):
                rows[day] = event
        for day, event in rows.items():
            weeks = [added(rows, day - 7 * n * DAY, 7) for n in range(12) if day - 7 * n * DAY in rows]
            known = [week for week in weeks if week is not None]
            forecast: tuple[Any, ...] = (None,) * 4
            if len(known) >= 3 and event.data["status"] == "active" and event.data["progress"] < 100:
                forecast = forecast_of(known, 100 - event.data["progress"], day, event.data["target_date"])
            found[str(event.subject), day] = (
                event.data["status"],
                event.data["progress"],
                added(rows, day, 28),
                *forecast,
            )
    return found


def added(rows: dict[date, Event], day: date, days: int) -> float | None:
    """Progress since the last of its days that lies so many days before, or longer."""
    before = [then for then in rows if then <= day - days * DAY]
    return rows[day].data["progress"] - rows[max(before)].data["progress"] if before else None


def forecast_of(known: list[float], missing: float, day: date, target: str | None) -> tuple[Any, ...]:
    """By halving the time in which it lies."""
    n, pace = len(known), fmean(known)
    variance = (sum((week - pace) ** 2 for week in known) + 3 * pace**2) / (n + 1)

    def spreads(weeks: float) -> float:
        """How many spreads what is to be expected after some weeks lies above what is missing."""
        return (pace * weeks - missing) / sqrt(variance * (weeks + weeks**2 / n))

    def after(z: float) -> int | None:
        """In how many days that is so many."""
        low, high = 1e-9, 520.0
        if pace <= 0 or spreads(high) < z:
            return None
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if spreads(middle) < z else (low, middle)
        return (day + timedelta(days=ceil(7 * high - 1e-6))).toordinal()

    on_time = None
    if target is not None:
        weeks = (date.fromisoformat(target) - day).days / 7
        on_time = (1 + erf(spreads(weeks) / sqrt(2))) / 2 if weeks > 0 and variance else 0.0
    return after(-1.2816), after(0), after(1.2816), on_time


def goal_completion(a: Account) -> Rows:
    spans = []
    for versions in a.each("goal"):
        last, made_on = versions[-1], min(event.localdate for event in versions)
        is_reached = last.data["status"] == "completed"
        ended = [event.localdate for event in versions if event.type == "goal.completed"][-1:] if is_reached else []
        until = ended or ([last.localdate] if last.data["status"] == "cancelled" else [a.today])
        spans.append((max(0, (until[0] - made_on).days), is_reached))
    reached = Counter(days for days, is_reached in spans if is_reached)
    pursued = {days: sum(other >= days for other, _ in spans) for days in reached}
    return {
        days: (pursued[days], reached[days], prod(1 - reached[t] / pursued[t] for t in reached if t <= days))
        for days in reached
    }


def achievements(a: Account) -> Rows:
    tasks = [
        versions
        for versions in a.each("task")
        if not a.is_gone(versions) and versions[-1].data["status"] == "completed"
    ]
    completed = sorted(
        [event.localdate for event in versions if event.type == "task.completed"][-1] for versions in tasks
    )
    goals = [versions[-1] for versions in a.each("goal") if versions[-1].data["status"] == "completed"]
    reached = sorted(
        datetime.fromisoformat(event.data["completed_at"]).astimezone(zone(event.timezone)).date() for event in goals
    )
    hours: Counter[date] = Counter(
        a.wall(m).date() for event in a.entries() for m in a.minutes(event, "started_at", "ended_at")
    )
    logged: dict[str, list[date]] = defaultdict(list)
    for versions in a.each("habit_log"):
        if versions[-1].type == "habit.logged" and not versions[-1].data["skipped"]:
            logged[versions[-1].data["habit_id"]].append(date.fromisoformat(versions[-1].data["local_date"]))
    found = {}
    for each in ACHIEVEMENTS:
        n = each.threshold
        earned = {
            "tasks_completed": completed[n - 1 : n],
            "goals_completed": reached[n - 1 : n],
            "hours_logged": [day for day in sorted(hours) if sum(hours[d] for d in hours if d <= day) >= 60 * n],
            "habit_days": sorted(sorted(days)[n - 1] for days in logged.values() if len(days) >= n),
        }[each.metric]
        found[each.name] = (earned[0] if earned else None,)
    return found


def uplift_people(a: Account) -> Rows:
    done = a.completions()
    mondays = [day for day in a.days() if day.weekday() == 0 and day + 6 * DAY < a.today]
    weeks = [sum(done.get(monday + n * DAY, 0) for n in range(7)) for monday in mondays]
    found = {}
    for number in range(8, len(weeks) + 1):
        final = mondays[number - 1] + 6 * DAY
        found[final.replace(day=1)] = (number, fmean(weeks[:4]), fmean(weeks[number - 4 : number]))
    return found


def time_daily(a: Account) -> Rows:
    walls = (a.wall(minute) for event in a.entries() for minute in a.minutes(event, "started_at", "ended_at"))
    return {key: (minutes,) for key, minutes in Counter((wall.date(), wall.hour) for wall in walls).items()}


def calendar_load(a: Account) -> Rows:
    busy = {minute for event in a.meetings() for minute in a.minutes(event, "start_at", "end_at")}
    hours = Counter((a.wall(minute).date(), a.wall(minute).hour) for minute in busy)
    blocks: Counter[tuple[date, int]] = Counter()
    for day in {day for day, _ in hours}:
        here = str(a.wall(min(minute for minute in busy if a.wall(minute).date() == day)).tzinfo)
        begins = start_of(day, here)
        opens, closes = (begins.astimezone(zone(here)).replace(hour=hour) for hour in (9, 17))
        free_since, minute = opens, opens
        while minute <= closes:
            if minute in busy or minute == closes:
                if minute - free_since >= timedelta(hours=1):
                    blocks[day, free_since.hour] += 1
                free_since = minute + MINUTE
            minute += MINUTE
    return {key: (hours[key], blocks[key]) for key in hours.keys() | blocks.keys()}


def task_outcomes(a: Account) -> Rows:
    found = {}
    for versions in a.each("task"):
        last, completions = versions[-1], [event.localdate for event in versions if event.type == "task.completed"]
        is_done = last.data["status"] == "completed"
        reopened = sum(event.type == "task.reopened" for event in versions)
        found[str(last.subject)] = (last.data["status"], completions[-1] if is_done else None, reopened)
    return found


def estimate_accuracy(a: Account) -> Rows:
    misses = [
        log(versions[-1].data["actual_minutes"] / versions[-1].data["estimated_minutes"])
        for versions in a.each("task")
        if versions[-1].data["status"] == "completed"
        and not a.is_gone(versions)
        and versions[-1].data["estimated_minutes"]
    ]
    if not misses:
        return {}
    n, spread = len(misses), stdev(misses) if len(misses) > 1 else 0.0
    middle, reach = sum(misses) / (n + 5), 1.2816 * sqrt((n * spread**2 + 5 * 0.35**2) / (n + 5))
    return {"*": (n, exp(middle), exp(middle - reach), exp(middle + reach))}


#: A table's account, and which of its columns are told: the key, and what is compared.
TOLD: dict[Callable[[Account], Rows], tuple[str, str]] = {
    habit_streaks: ("habit_id", "current, longest, total, strength"),
    goal_progress: (
        "goal_id, local_date", "status, progress, progress_28_days, forecast_p10, forecast_p50, forecast_p90, probability_on_time",
    ),
    goal_completion: ("days", "pursued, reached, still_open"),
    achievements: ("achievement", "earned_on"),
    uplift_people: ("month", "weeks, first_weekly, latest_weekly"),
    time_daily: ("local_date, hour_of_day", "minutes"),
    calendar_load: ("local_date, hour_of_day", "busy_minutes, free_blocks"),
    task_outcomes: ("task_id", "status, completed_on, times_reopened"),
    estimate_accuracy: ("category_id", "tasks, factor, factor_low, factor_high"),
}  # fmt: skip


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(ada=lives, days=st.integers(0, 70), data=st.data())
def test_every_table_says_what_was_counted_slowly(tmp_path_factory, ada, days, data):
    as_of = ada.events[-1].time + timedelta(days=days, hours=3)
    world = World(Lake(str(tmp_path_factory.mktemp("lake"))))
    for batch in data.draw(batches(ada.events)):
        world.land(batch)
    world.refresh(as_of)
    for table in build.TABLES:
        build.bring_up(world.lake, world.connection, table, BUCKETS, as_of)
    account = Account(ada, as_of)
    for counted, (key, columns) in TOLD.items():
        of = "where category_id = '*'" if counted is estimate_accuracy else ""
        rows = world.rows(f"gold/{counted.__name__}", f"select {key}, {columns} from gold.{counted.__name__} {of}")
        names = key.split(", ")
        found = {
            tuple(row[name] for name in names) if len(names) > 1 else row[key]: tuple(
                row[name].toordinal() if name.startswith("forecast") and row[name] else row[name]
                for name in columns.split(", ")
            )
            for row in rows
        }
        expected = counted(account)
        assert found.keys() == expected.keys(), counted.__name__
        for which, values in expected.items():
            assert found[which] == pytest.approx(values, abs=3e-4), (counted.__name__, which)

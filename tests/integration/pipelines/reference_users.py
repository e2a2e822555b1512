"""What a user has and does beside their days, counted slowly: tasks, time, appointments, goals, habits, achievements."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from math import ceil, erf, exp, inf, log, prod, sqrt
from statistics import fmean, median, stdev
from typing import Any

from focusflow.clock import local_date, start_of, zone
from focusflow.contracts.envelope import Event
from pipelines.reference.days import is_overdue
from reports.notifications.achievements import ACHIEVEMENTS
from tests.integration.pipelines.account import (
    DAY,
    MINUTE,
    Account,
    Rows,
    date_of,
    due_day,
    is_open,
    minutes,
    moment_of,
    spent,
    state_on,
)


def task_outcomes(a: Account) -> Rows:
    found = {}
    time: dict[str, list[Any]] = defaultdict(list)
    for entry in a.entries():
        if entry.data["task_id"]:
            time[entry.data["task_id"]].append((moment_of(entry.data["started_at"]), moment_of(entry.data["ended_at"])))
    for versions in a.each("task"):
        last, id_ = versions[-1], str(versions[-1].subject)
        created, by = moment_of(last.data["created_at"]), moment_of(last.data["due_at"])
        on = due_day(last)
        assert created
        if on and not by:
            by = start_of(on + DAY, last.timezone)
        begun = [event.time for event in versions if event.data["status"] == "in_progress"][:1] + [
            start for start, _ in time[id_]
        ]
        done = moment_of(last.data["completed_at"]) if last.data["status"] in ("completed", "archived") else None
        estimates = [
            event.data["estimated_minutes"] for event in versions if event.data["status"] in ("pending", "in_progress")
        ]
        took = sum((end - start) / MINUTE for start, end in time[id_])
        found[id_] = {
            "created_on": min(event.localdate for event in versions),
            "created_at": created,
            "status": last.data["status"],
            "priority": last.data["priority"],
            "category_id": last.data["category_id"],
            "due_on": on,
            "due_at": by,
            "started_at": min(begun, default=None),
            "completed_at": done,
            "completed_on": [event.localdate for event in versions if event.type == "task.completed"][-1]
            if done
            else None,
            "lead_hours": hours(created, done),
            "cycle_hours": hours(max(created, min(begun, default=created)), done),
            "hours_late": hours(by, done),
            "times_reopened": sum(event.type == "task.reopened" for event in versions),
            "estimated_minutes": last.data["estimated_minutes"],
            "first_estimated_minutes": next((each for each in estimates if each), None),
            "actual_minutes": last.data["actual_minutes"] or took or None,
            "is_deleted": last.data["deleted_at"] is not None,
        }
    return found


def hours(begin: datetime | None, end: datetime | None) -> float | None:
    return (end - begin) / timedelta(hours=1) if begin and end else None


def task_flow_daily(a: Account) -> Rows:
    found: Rows = {}
    leads: dict[Any, list[float]] = defaultdict(list)

    def count(task: Event, day: date, name: str) -> Any:
        key = day, task.data["priority"], task.data["category_id"] or ""
        found.setdefault(key, dict.fromkeys(("created", "completed", "open", "overdue"), 0))[name] += 1
        return key

    for event in a.events:
        if event.type == "task.created":
            count(event, event.localdate, "created")
    for event in a.completions():
        key = count(event, event.localdate, "completed")
        lead = hours(moment_of(event.data["created_at"]), moment_of(event.data["completed_at"]))
        assert lead is not None
        leads[key].append(lead)
    for versions in a.each("task"):
        for day in a.days:
            task = state_on(versions, day)
            if task and is_open(task):
                count(task, day, "open")
                if is_overdue(a, task, day):
                    count(task, day, "overdue")
    for key, row in found.items():
        row["median_lead_hours"] = median(leads[key]) if leads[key] else None
    return found


def time_daily(a: Account) -> Rows:
    found: Counter[Any] = Counter()
    tasks = {str(versions[0].subject): versions for versions in a.each("task")}
    for entry in a.entries():
        known = [event for event in tasks.get(entry.data["task_id"], []) if event.time <= entry.time]
        category = known[-1].data["category_id"] or "" if known else ""
        found.update((wall.date(), wall.hour, category, entry.data["kind"]) for wall in map(a.wall, spent(entry)))
    return {key: {"minutes": count} for key, count in found.items()}


def calendar_load(a: Account) -> Rows:
    walls: dict[datetime, datetime] = {}
    on: dict[datetime, list[tuple[datetime, str]]] = defaultdict(list)
    begun: Counter[Any] = Counter()
    for id_, begin, end in a.meetings():
        begun[a.wall(begin).date(), a.wall(begin).hour] += 1
        for minute in minutes(begin, end):
            on[minute].append((begin, id_))
            walls[minute] = a.wall(minute)
    busy = Counter((wall.date(), wall.hour) for wall in walls.values())
    later: dict[Any, set[str]] = defaultdict(set)  # of those that are on at once, all but the one that began first
    for minute, events in on.items():
        later[walls[minute].date(), walls[minute].hour] |= {id_ for _, id_ in sorted(events)[1:]}
    blocks: Counter[Any] = Counter()
    for day in {day for day, _ in busy}:
        here = a.home(min(minute for minute, wall in walls.items() if wall.date() == day))
        opens, closes = (start_of(day, here).astimezone(zone(here)).replace(hour=hour) for hour in (9, 17))
        free_since = opens
        for minute in [*minutes(opens, closes), closes]:
            if minute in on or minute == closes:
                if minute - free_since >= timedelta(hours=1):
                    blocks[day, free_since.hour] += 1
                free_since = minute + MINUTE
    return {
        key: {
            "busy_minutes": busy[key],
            "meetings": begun[key],
            "conflicts": len(later[key]),
            "free_blocks": blocks[key],
        }
        for key in busy.keys() | blocks.keys()
    }


def goal_progress(a: Account) -> Rows:
    found = {}
    for versions in a.each("goal"):
        rows: dict[date, Event] = {}
        for day in a.days:
            event, before = state_on(versions, day), state_on(versions, day - DAY)
            has_ended = event and event is not before and event.type in ("goal.completed", "goal.cancelled")
            goes_on = event and event.data["status"] in ("active", "paused") and event.type != "goal.deleted"
            if event and (goes_on or has_ended):
                rows[day] = event
        made_on = min(event.localdate for event in versions)
        for day, event in rows.items():
            weeks = {n: added(rows, day - 7 * n * DAY, 7) for n in range(12) if day - 7 * n * DAY in rows}
            known = {n: week for n, week in weeks.items() if week is not None}
            by, begin = date_of(event.data["target_date"]), date_of(event.data["start_date"]) or made_on
            off = a.free_as_seen_on(day)
            expected = None
            if by and by > begin:
                on = [each for n in range((by - begin).days) if (each := begin + (n + 1) * DAY) not in off]
                expected = 100 if day >= by else 100 * sum(each <= day for each in on) / max(len(on), 1)
            forecast: tuple[Any, ...] = (None,) * 4
            if len(known) >= 3 and event.data["status"] == "active" and event.data["progress"] < 100:
                forecast = forecast_of(known, 100 - event.data["progress"], day, by)
            found[str(event.subject), day] = {
                "status": event.data["status"],
                "progress": event.data["progress"],
                "target_date": by,
                "expected_progress": expected,
                "ahead": None if expected is None else event.data["progress"] - expected,
                "progress_28_days": added(rows, day, 28),
                **dict(
                    zip(("forecast_p10", "forecast_p50", "forecast_p90", "probability_on_time"), forecast, strict=True)
                ),
            }
    return found


def added(rows: dict[date, Event], day: date, days: int) -> float | None:
    """Progress since the last of its days that lies so many days before, or longer."""
    before = [then for then in rows if then <= day - days * DAY]
    return rows[day].data["progress"] - rows[max(before)].data["progress"] if before else None


def forecast_of(by_week: dict[int, float], missing: float, day: date, target: date | None) -> tuple[Any, ...]:
    """A lognormal time, from a line through what the weeks added, by how many weeks ago."""
    known = list(by_week.values())
    n, mean = len(known), fmean(known)
    if mean <= 0:
        return (None,) * 4
    middle_week = fmean(by_week)
    weeks = [middle_week - ago for ago in by_week]  # a goal that was put off for a while has weeks without a day
    sxx, syy = sum(week**2 for week in weeks), sum((each - mean) ** 2 for each in known)
    slope = sum(week * each for week, each in zip(weeks, known, strict=True)) / sxx
    noise = (max(0, syy - slope**2 * sxx) + 3 * mean**2) / (n + 1)
    trend = slope**3 / (slope**2 + 0.4 * noise / sxx)
    pace = min(max(mean + trend * (n - 1) / 2, 0.35 * mean), 3 * mean)
    middle = 2 * missing / (pace + sqrt(pace**2 + 14 * max(0, trend) * missing))
    of_weeks = 2.1 * (syy + mean**2) / (n + 1) / pace**2 * (1 / max(0.5, middle) + 1 / n)
    together = sum((by_week[ago] - mean) * (by_week[ago + 1] - mean) for ago in by_week if ago + 1 in by_week)
    carried = min(1, max(0, together) / (n + 1) / pace**2)
    wander = (0.11 + 2.2 * carried) * min(4, middle / n) + 0.68 * carried
    unsure = min(1.8, sqrt(of_weeks + wander + 0.54 * (trend * (n - 1) / 2 / pace) ** 2))

    far = middle / (middle + 6 * n)
    sooner, later = 0.6 + 2.1 * far, 1.6 - 1.3 * far

    def after(time: float) -> date | None:
        return day + timedelta(days=ceil(7 * time - 1e-6)) if time <= 520 else None

    on_time = None
    if target is not None:
        time = (target - day).days / 7
        z = 1.2816 * log(time / middle) / (unsure * (sooner if time < middle else later)) if time > 0 else -8
        on_time = (1 + erf(z / sqrt(2))) / 2 if time > 0 else 0.0
    return after(middle * exp(-sooner * unsure)), after(middle), after(middle * exp(later * unsure)), on_time


def goal_completion(a: Account) -> Rows:
    spans = []
    for versions in a.each("goal"):
        last, made_on = versions[-1], min(event.localdate for event in versions)
        is_gone = last.type == "goal.deleted"
        is_reached = last.data["status"] == "completed" and not is_gone
        ended = [event.localdate for event in versions if event.type == "goal.completed"][-1:] if is_reached else []
        until = ended or ([last.localdate] if is_gone or last.data["status"] == "cancelled" else [a.today])
        spans.append((max(0, (until[0] - made_on).days), is_reached))
    reached = Counter(days for days, is_reached in spans if is_reached)
    pursued = {days: sum(other >= days for other, _ in spans) for days in reached}
    return {
        days: {
            "pursued": pursued[days],
            "reached": reached[days],
            "still_open": prod(1 - reached[t] / pursued[t] for t in reached if t <= days),
        }
        for days in reached
    }


def habit_streaks(a: Account) -> Rows:
    logs = [event.data for event in a.last_words("habit_log") if event.type == "habit.logged"]
    found = {}
    for versions in a.each("habit"):
        habit, id_ = versions[-1].data, str(versions[-1].subject)
        mine = [each for each in logs if each["habit_id"] == id_]
        done = {date.fromisoformat(each["local_date"]) for each in mine if not each["skipped"]}
        free = a.free() | {date.fromisoformat(each["local_date"]) for each in mine if each["skipped"]}
        begin, put_away = date.fromisoformat(habit["start_date"]), moment_of(habit["archived_at"])
        today = put_away.astimezone(zone(versions[-1].timezone)).date() if put_away else a.today
        days = [begin + n * DAY for n in range((today - begin).days + 1)]
        times = {"daily": 7, "weekdays": len(habit["weekdays"])}.get(habit["frequency"]) or habit["times_per_week"]
        strength, told = 0.0, [day for day in days if day in done or (day not in free and day < today)]
        for place, day in enumerate(told):
            lately = told[max(0, place - 13) : place + 1]
            share = float(day in done) if times == 7 else min(1, len(done.intersection(lately)) / min(2 * times, 14))
            m = 0.5 ** (sqrt(times / 7) / 13)
            strength = strength * m + share * (1 - m)
        month = [day for day in told if day > today - 30 * DAY]
        if habit["frequency"] == "weekly":
            due = len(month) * times / 7
        else:
            due = sum(day in done or times == 7 or day.weekday() in habit["weekdays"] for day in month)
        if habit["frequency"] == "weekly":
            runs = weekly_runs(weeks_of(days, a.homes[-1].data["week_start"]), begin, done, free, times)
        else:
            asked = [day for day in days if day in done or times == 7 or day.weekday() in habit["weekdays"]]
            runs = [0]
            for day in asked:
                if day in done:
                    runs.append(runs[-1] + 1)
                elif day not in free and day < today:
                    runs.append(0)
        found[id_] = {
            "current": runs[-1],
            "longest": max(runs),
            "total": len(done),
            "last_done_on": max(done, default=None),
            "is_archived": put_away is not None,
            "rate_30_days": min(1, len(done.intersection(month)) / due) if due else None,
            "strength": strength,
        }
    return found


def weeks_of(days: list[date], week_start: int) -> list[list[date]]:
    firsts = sorted({day - (day.weekday() - week_start) % 7 * DAY for day in days})
    return [[first + n * DAY for n in range(7)] for first in firsts]


def weekly_runs(weeks: list[list[date]], begin: date, done: set[date], free: set[date], times: int) -> list[int]:
    """The streak after each week that counted; the last one is not over."""
    runs = [0]
    for week in weeks:
        could = [day for day in week if day in done or (day >= begin and day not in free)]
        if len(done.intersection(week)) >= times:
            runs.append(runs[-1] + 1)
        elif len(could) >= times and week is not weeks[-1]:
            runs.append(0)
    return runs


def estimate_accuracy(a: Account) -> Rows:
    misses: dict[str, list[float]] = defaultdict(list)
    for task in task_outcomes(a).values():
        if (
            task["completed_at"]
            and not task["is_deleted"]
            and task["first_estimated_minutes"]
            and task["actual_minutes"]
        ):
            for category in ("*", task["category_id"] or ""):
                misses[category].append(log(task["actual_minutes"] / task["first_estimated_minutes"]))
    found = {}
    for category, of in misses.items():
        n, spread = len(of), stdev(of) if len(of) > 1 else 0.0
        middle, reach = sum(of) / (n + 5), 1.2816 * sqrt((n * spread**2 + 5 * 0.35**2) / (n + 5))
        found[category] = {
            "tasks": n,
            "factor": exp(middle),
            "factor_low": exp(middle - reach),
            "factor_high": exp(middle + reach),
        }
    return found


def achievements(a: Account) -> Rows:
    completed = sorted(
        each["completed_on"] for each in task_outcomes(a).values() if each["completed_on"] and not each["is_deleted"]
    )
    goals = [event for event in a.last_words("goal") if event.data["status"] == "completed"]
    reached = sorted(
        datetime.fromisoformat(event.data["completed_at"]).astimezone(zone(event.timezone)).date() for event in goals
    )
    worked = Counter(a.wall(minute).date() for entry in a.entries() for minute in spent(entry))
    logs: dict[str, list[date]] = defaultdict(list)
    for event in a.last_words("habit_log"):
        if event.type == "habit.logged" and not event.data["skipped"]:
            logs[event.data["habit_id"]].append(date.fromisoformat(event.data["local_date"]))
    most = {
        "tasks_completed": len(completed),
        "goals_completed": len(reached),
        "hours_logged": worked.total() / 60,
        "habit_days": max(map(len, logs.values()), default=0),
    }
    found = {}
    for each in ACHIEVEMENTS:
        n, value = each.threshold, most[each.metric]
        earned = {
            "tasks_completed": completed[n - 1 : n],
            "goals_completed": reached[n - 1 : n],
            "hours_logged": [day for day in sorted(worked) if sum(worked[d] for d in worked if d <= day) >= 60 * n],
            "habit_days": sorted(sorted(days)[n - 1] for days in logs.values() if len(days) >= n),
        }[each.metric]
        found[each.name] = {"value": value, "progress": min(1, value / n), "earned_on": earned[0] if earned else None}
    return found


def uplift_people(a: Account) -> Rows:
    done = a.completed()
    mondays = [day for day in a.days if day >= a.registered_on and day.weekday() == 0 and day + 6 * DAY < a.today]
    weeks = [sum(done.get(monday + n * DAY, 0) for n in range(7)) for monday in mondays]
    found = {}
    for number in range(8, len(weeks) + 1):
        month = (mondays[number - 1] + 6 * DAY).replace(day=1)
        first, latest = fmean(weeks[:4]), fmean(weeks[number - 4 : number])
        found[month] = {"weeks": number, "first_weekly": first, "latest_weekly": latest, "change": latest - first}
    return found


def priority_scores(a: Account) -> Rows:
    """By Taskwarrior's urgency, term by term: what is open, waits for nothing, and may be begun."""
    open_tasks = [versions[-1] for versions in a.each("task") if is_open(versions[-1])]
    ids = {str(task.subject) for task in open_tasks}
    waits = {str(task.subject): [each for each in task.data["blocked_by"] if each in ids] for task in open_tasks}
    blockers = {each for some in waits.values() for each in some}
    here = a.homes[-1].data["timezone"]
    found: list[tuple[Event, float, float]] = []
    for task in open_tasks:
        start, created = moment_of(task.data["start_at"]), moment_of(task.data["created_at"])
        if waits[str(task.subject)] or (start and start > a.as_of):
            continue
        assert created
        day = date_of(task.data["due_date"])
        due = moment_of(task.data["due_at"]) or (start_of(day + DAY, here) if day else None)
        late = (a.as_of - due) / DAY if due else None
        terms = (
            12 * (0 if late is None else min(1.0, max(0.2, (late + 14) * 0.8 / 21 + 0.2))),
            8 * (str(task.subject) in blockers),
            {"low": 1.8, "medium": 3.9, "high": 6.0, "urgent": 8.1}[task.data["priority"]],
            5 * (start is not None),
            4 * (task.data["status"] == "in_progress"),
            2 * min(1.0, (a.as_of - created) / DAY / 365),
            (0.0, 0.8, 0.9, 1.0)[min(3, len(task.data["tags"]))],
            15 * task.data["pinned"],
        )
        found.append((task, sum(terms), due.timestamp() if due else inf))
    found.sort(key=lambda each: (moment_of(each[0].data["created_at"]), str(each[0].subject)))
    by_urgency = sorted(found, key=lambda each: -round(each[1], 9))
    by_due = sorted(found, key=lambda each: each[2])
    return {
        (local_date(a.as_of, here), str(task.subject)): {
            "score": 100 / (1 + exp((12 - urgency) / 6)),
            "rank": by_urgency.index(each) + 1,
            "rank_by_urgency": by_urgency.index(each) + 1,
            "rank_by_due_date": by_due.index(each) + 1,
            "task_version": task.entityversion,
            "is_baseline": True,
        }
        for each in found
        for task, urgency, _ in [each]
    }

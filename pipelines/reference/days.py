"""A user's days, weeks and months, counted slowly, from what `docs/metrics.md` says of them and not from the SQL."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, floor, sqrt
from statistics import fmean, median
from typing import Any

from pipelines.reference.account import (
    DAY,
    INSTANT,
    MINUTE,
    Account,
    Rows,
    Versions,
    date_of,
    due_day,
    is_open,
    moment_of,
    state_on,
    stretch,
)

WEIGHTS = {
    "score_throughput": 0.30,
    "score_on_time": 0.25,
    "score_focus": 0.20,
    "score_habits": 0.15,
    "score_goals": 0.10,
}


def productivity_daily(a: Account) -> Rows:
    tasks, goals, habits = (list(a.each(noun)) for noun in ("task", "goal", "habit"))
    focus, meeting = (
        a.minutes_by_day(map(stretch, a.entries())),
        a.minutes_by_day((begin, min(end, a.as_of)) for _, begin, end in a.meetings() if begin < a.as_of),
    )
    done, skipped = logged(a, skipped=False), logged(a, skipped=True)
    off, completions, rows = a.free(), list(a.completions()), {}
    for day in a.days:
        known = [event for versions in tasks if (event := state_on(versions, day))]
        morning = [event for versions in tasks if (event := state_on(versions, day - DAY))]
        completed = [event for event in completions if event.localdate == day]
        kept = [event for versions in habits if (event := state_on(versions, day)) and is_on(event, day)]
        rows[day] = {
            "tasks_created": len({event.subject for event in happened(a, "task.created", day)}),
            "tasks_completed": len(completed),
            "tasks_completed_with_due": sum(due_day(event) is not None for event in completed),
            "tasks_completed_on_time": sum(map(was_on_time, completed)),
            "tasks_due": sum(is_expected(event) and due_day(event) == day for event in morning),
            "tasks_open": sum(map(is_open, known)),
            "tasks_overdue": sum(is_open(event) and is_overdue(a, event, day) for event in known),
            "goals_progressed": sum(has_risen(versions, day) for versions in goals),
            "goals_completed": len({event.subject for event in happened(a, "goal.completed", day)}),
            "habits_scheduled": sum(is_due(a, each, day, done, skipped) for each in kept),
            "habits_completed": sum((str(each.subject), day) in done for each in kept),
            "focus_minutes": focus.get(day, 0),
            "pomodoro_sessions": sum(ended_pomodoro(a, event.data, day) for event in a.entries()),
            "meeting_minutes": meeting.get(day, 0),
            "ai_plans_generated": len(happened(a, "ai.plan_generated", day)),
            "activity_events": sum(not each.data.get("app_user_id") for each in happened(a, "activity.tracked", day)),
            "is_day_off": day in off,
            **goals_part(a, goals, day),
        }
        rows[day] |= score(a, rows, day, sum(map(is_open, morning)))
    return rows


def happened(a: Account, type_: str, day: date) -> list[Any]:
    return [event for event in a.by_day.get(day, []) if event.type == type_]


def was_on_time(event: Any) -> bool:
    by, on = moment_of(event.data["due_at"]), date_of(event.data["due_date"])
    if by:
        return (moment_of(event.data["completed_at"]) or event.time) <= by
    return on is not None and event.localdate <= on


def is_expected(task: Any) -> bool:
    return task.data["deleted_at"] is None and task.data["status"] not in ("cancelled", "archived")


def is_overdue(a: Account, task: Any, day: date) -> bool:
    """At the end of the day; of today only what has passed already."""
    on, by = due_day(task), moment_of(task.data["due_at"])
    if day == a.today and on == day:
        return by is not None and by <= a.as_of
    return on is not None and on <= day


def has_risen(versions: Versions, day: date) -> bool:
    return any(
        after.data["progress"] > before.data["progress"]
        for before, after in pairwise(versions)
        if after.localdate == day
    )


def ended_pomodoro(a: Account, entry: Any, day: date) -> bool:
    """What ends at midnight has ended the day before."""
    begin, end = moment_of(entry["started_at"]), moment_of(entry["ended_at"])
    assert begin
    assert end
    return entry["kind"] == "pomodoro" and end - begin >= 20 * MINUTE and a.wall(end - INSTANT).date() == day


def logged(a: Account, *, skipped: bool) -> set[tuple[str, date]]:
    """Habits and days, done or skipped."""
    said = [event.data for event in a.last_words("habit_log") if event.type == "habit.logged"]
    return {(each["habit_id"], date.fromisoformat(each["local_date"])) for each in said if each["skipped"] is skipped}


def is_on(habit: Any, day: date) -> bool:
    begins, ends = date.fromisoformat(habit.data["start_date"]), date_of(habit.data["end_date"])
    return habit.data["archived_at"] is None and begins <= day <= (ends or day)


def is_due(a: Account, habit: Any, day: date, done: set[Any], skipped: set[Any]) -> bool:
    id_, off = str(habit.subject), a.free_as_seen_on(day)
    if (id_, day) in skipped:
        return False
    if day in off:
        return (id_, day) in done
    if habit.data["frequency"] == "daily":
        return True
    if habit.data["frequency"] == "weekdays":
        return day.weekday() in habit.data["weekdays"]
    week_start = chosen(a, day)["week_start"]
    first = day - (day.weekday() - week_start) % 7 * DAY
    week = [first + n * DAY for n in range(7)]
    so_far = [each for each in week if each < day and (id_, each) in done]
    days_left = [each for each in week if each >= day and each not in off]
    missed = [each for each in week if each < day and each not in off and each not in so_far]
    times = habit.data["times_per_week"]
    is_possible = len(so_far) + len(missed) + len(days_left) >= times
    return (id_, day) in done or (is_possible and len(days_left) <= times - len(so_far))


def chosen(a: Account, day: date) -> dict[str, Any]:
    """What the account said by the end of a day; before the registration nothing."""
    known = state_on(a.homes, day)
    return known.data if known else {"week_start": 0, "daily_focus_goal_minutes": None}


def goals_part(a: Account, goals: list[Versions], day: date) -> dict[str, Any]:
    """Of each active goal with a date: progress of the day by what the days left that are not off ask for."""
    shares, off = [], a.free_as_seen_on(day)
    for versions in goals:
        morning, evening = state_on(versions, day - DAY), state_on(versions, day)
        if not morning or not evening or morning.type == "goal.deleted" or morning.data["status"] != "active":
            continue
        if by := date_of(morning.data["target_date"]):
            left = 100 - morning.data["progress"]
            days_left = [day + n * DAY for n in range((by - day).days + 1)]
            asked = left / max(sum(each not in off for each in days_left), 1)
            share = min(1, max(0, (evening.data["progress"] - morning.data["progress"]) / asked)) if left else 1
            shares.append(1 if evening.data["status"] == "completed" else share)
    return {"score_goals": fmean(shares) if shares else None, "dated_goals": len(shares)}


def score(a: Account, rows: Rows, day: date, open_at_start: int) -> dict[str, Any]:
    """`ps-2`."""
    row = rows[day]
    past = {
        n: [rows[day - k * DAY] | {"day": day - k * DAY} for k in range(1, n + 1) if day - k * DAY in rows]
        for n in (28, 56, 90)
    }
    past = {n: [each for each in days if not each["is_day_off"]] for n, days in past.items()}
    is_weekend = day.weekday() >= 5
    alike = [each["tasks_completed"] for each in past[56] if (each["day"].weekday() >= 5) == is_weekend]
    n = len(past[56]) // 7 if alike else 0
    usual = max(1, (n * (median(alike) if alike else 0) + 4 * (1 if is_weekend else 3)) / (n + 4))
    p0, h0 = (
        rate(past[90], "tasks_completed_on_time", "tasks_due"),
        rate(past[90], "habits_completed", "habits_scheduled"),
    )
    wanted = chosen(a, day)["daily_focus_goal_minutes"]
    own = [each["focus_minutes"] for each in past[90] if each["focus_minutes"]]
    target = min(240, max(25, wanted or median(own))) if wanted or own else None
    due, scheduled = row["tasks_due"], row["habits_scheduled"]
    parts = {
        "score_throughput": row["tasks_completed"] / (row["tasks_completed"] + usual),
        "score_on_time": min(1, (row["tasks_completed_on_time"] + 4 * p0) / (due + 4)) if due else None,
        "score_focus": min(1, row["focus_minutes"] / target) if target else None,
        "score_habits": min(1, (row["habits_completed"] + 2 * h0) / (scheduled + 2)) if scheduled else None,
        "score_goals": row["score_goals"],
    }
    told = {name: value for name, value in parts.items() if value is not None}
    raw = sum(WEIGHTS[name] * value for name, value in told.items()) / sum(WEIGHTS[name] for name in told)
    dated = row.pop("dated_goals")
    evidence = max(1, due + scheduled + min(open_at_start, 5) + (1 if wanted else 0) + dated)
    weight = evidence / (evidence + 5)
    scores = [each["productivity_score"] for each in past[28] if each["productivity_score"] is not None]
    prior = fmean(scores) / 100 if scores else 0.5
    did_something = any(
        event.actor != "system" and not event.type.startswith("user.") for event in a.by_day.get(day, [])
    )
    is_judged = any(
        (due, scheduled, open_at_start, dated, row["tasks_completed"], row["habits_completed"], row["focus_minutes"])
    )
    is_told = not row["is_day_off"] and did_something and is_judged
    return parts | {
        "usual_completions": usual,
        "focus_target_minutes": target,
        "score_raw": raw,
        "score_prior": prior,
        "score_evidence": evidence,
        "score_lambda": weight,
        "productivity_score": 100 * (weight * raw + (1 - weight) * prior) if is_told else None,
    }


def rate(rows: list[dict[str, Any]], hits: str, tries: str) -> float:
    wanted = sum(each[tries] for each in rows)
    return min(1, sum(each[hits] for each in rows) / wanted) if wanted else 0.5


def productivity_weekly(a: Account) -> Rows:
    week_start = a.homes[-1].data["week_start"]
    return rollup(a, lambda day: day - (day.weekday() - week_start) % 7 * DAY, lambda first: first + 6 * DAY)


def productivity_monthly(a: Account) -> Rows:
    return rollup(a, lambda day: day.replace(day=1), lambda first: (first + timedelta(days=31)).replace(day=1) - DAY)


SUMS = (
    "tasks_created", "tasks_completed", "tasks_completed_with_due", "tasks_completed_on_time", "tasks_due", "goals_progressed",
    "goals_completed", "habits_scheduled", "habits_completed", "focus_minutes", "pomodoro_sessions", "meeting_minutes",
    "ai_plans_generated", "activity_events",
)  # fmt: skip


def rollup(a: Account, first_of: Callable[[date], date], last_of: Callable[[date], date]) -> Rows:
    days = productivity_daily(a)
    found: Rows = {}
    whole: list[tuple[date, dict[str, Any]]] = []
    for first in sorted({first_of(day) for day in days}):
        mine = [row for day, row in days.items() if first_of(day) == first]
        over = [row for day, row in days.items() if first_of(day) == first and day < a.today]
        scores = [row["productivity_score"] for row in over if row["productivity_score"] is not None]
        row = {name: sum(each[name] for each in mine) for name in SUMS} | {
            "final_day": last_of(first),
            "days": len(mine),
            "days_off": sum(row["is_day_off"] for row in mine),
            "is_complete": a.today > last_of(first),
            "days_with_score": len(scores),
            "productivity_score": fmean(scores) if scores else None,
            "tasks_open": mine[-1]["tasks_open"],
            "tasks_overdue": mine[-1]["tasks_overdue"],
        }
        row["on_time_rate"] = share(row["tasks_completed_on_time"], row["tasks_completed_with_due"])
        row["habit_rate"] = share(row["habits_completed"], row["habits_scheduled"])
        earlier = [each for when, each in whole if when in list(found)[-26:]]
        length = (last_of(first) - first).days + 1
        row["days_on"] = length - row["days_off"]
        is_compared = row["days_off"] < length / 2
        for name in ("tasks_completed", "focus_minutes"):
            scaled = [each[name] * row["days_on"] / each["days_on"] for each in earlier]
            row |= against_usual(name, row, scaled if is_compared else [])
        scores = [each["productivity_score"] for each in earlier if each["productivity_score"] is not None]
        row |= against_usual("productivity_score", row, scores if is_compared else [])
        if not is_compared and row["is_complete"]:
            row |= {f"{name}_trend": "days_off" for name in ("tasks_completed", "focus_minutes", "productivity_score")}
        found[first] = row
        if len(mine) == length and is_compared:
            whole.append((first, row))
    return {first: {name: value for name, value in row.items() if name != "days_on"} for first, row in found.items()}


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def against_usual(name: str, row: dict[str, Any], earlier: list[float]) -> dict[str, Any]:
    """How a period compares with what its user's earlier ones make usual; of counts the whole numbers in it."""
    low = high = None
    if len(earlier) >= 6:
        low, high = usual_range(earlier)
        if name == "tasks_completed":
            low, high = (ceil(low), floor(high)) if ceil(low) <= floor(high) else (floor(low), ceil(high))
    now = row[name]
    if not row["is_complete"]:
        word = "running"
    elif now is None or low is None or high is None:
        word = "too_little_data"
    else:
        word = "higher" if now > high else "lower" if now < low else "usual"
    return {f"{name}_usual_low": low, f"{name}_usual_high": high, f"{name}_trend": word}


def usual_range(earlier: list[float]) -> tuple[float, float]:
    """An interval for the next period: a first-order autoregression on square roots, with Student's t for 83 %."""
    roots = [sqrt(max(0, value) + 0.375) for value in earlier]
    n, mean = len(roots), fmean(roots)
    off = [root - mean for root in roots]
    total = sum(each**2 for each in off)
    together = sum(now * before for before, now in pairwise(off))
    rho = min(0.9, max(0, 1 / n + (1 + 4 / n) * (together / total if total else 0)))
    left = sum((now - rho * before) ** 2 for before, now in pairwise(off))
    t = 1.3722 + 0.9890 / (n - 1) + 0.7269 / (n - 1) ** 2 + 0.3731 / (n - 1) ** 3
    half = sqrt(left / (n - 2)) * t * sqrt(1 + (1 - rho**2) / n) * (1 + 0.4 * rho / sqrt(n))
    center = mean + rho * off[-1]
    low, high = (max(0, round(max(0, root) ** 2 - 0.375, 6)) for root in (center - half, center + half))
    return low, high

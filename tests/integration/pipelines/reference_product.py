"""What users do with the product, counted slowly: who is active, who comes back, how far they come, what they use, and whether it helps."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import fmean, median, stdev
from typing import Any

from focusflow.clock import local_date
from focusflow.contracts.envelope import Event
from tests.integration.pipelines.account import DAY, Account, Rows
from tests.integration.pipelines.reference_users import uplift_people

WEEK = timedelta(weeks=1)


def is_activity(event: Event) -> bool:
    """Something that the user began."""
    return event.actor == "user" and not event.type.startswith("report.") and not event.data.get("app_user_id")


def monday_of(day: date) -> date:
    return day - day.weekday() * DAY


def last_day_over(people: Sequence[Account]) -> date:
    """Wherever anybody lives."""
    return local_date(people[0].as_of, "Etc/GMT+12") - DAY


def app_activity(people: Sequence[Account]) -> Rows:
    did = [
        (a.id, event.localdate, "" if (named := event.data.get("platform")) == "*" else named or "")
        for a in people
        for event in a.events
        if is_activity(event)
    ]
    found = {}
    latest = max(day for _, day, _ in did)
    for platform in {platform for *_, platform in did} | {"*"}:
        mine = [(who, day) for who, day, where in did if platform in ("*", where)]
        first = min(day for _, day in mine)
        begins = Counter(min(day for who, day in mine if who == user) for user in {who for who, _ in mine})
        for n in range((latest - first).days + 1):
            day = first + n * DAY
            dau, wau, mau = (len({who for who, when in mine if day - back * DAY < when <= day}) for back in (1, 7, 30))
            if not mau and platform != "*":
                continue
            found[day, platform] = {
                "dau": dau,
                "wau": wau,
                "mau": mau,
                "stickiness": dau / mau if mau else None,
                "new_users": begins[day],
                "events": sum(when == day for _, when in mine),
            }
    return found


def retention(people: Sequence[Account]) -> Rows:
    weeks = [
        {monday_of(event.localdate) for event in a.events if is_activity(event) or event.type == "user.registered"}
        for a in people
    ]
    found = {}
    for cohort in {min(mine) for mine in weeks}:
        members = [mine for mine in weeks if min(mine) == cohort]
        for n in range(52):
            if cohort + n * WEEK + 6 * DAY <= last_day_over(people):
                users = sum(cohort + n * WEEK in mine for mine in members)
                found[cohort, n] = {"cohort": len(members), "users": users, "share": users / len(members)}
    return found


def funnel(people: Sequence[Account]) -> Rows:
    ways = [way_of(a) for a in people]
    found: Rows = {}
    for cohort in {week for week, _ in ways}:
        mine = [way for week, way in ways if week == cohort]
        for n, name in enumerate(("registered", "first_task", "first_completion", "first_goal", "back_in_week_2")):
            came = [way for way in mine if len(way) > n]
            if n == 4 and cohort + 19 * DAY > last_day_over(people):
                continue
            found[cohort, n + 1] = {
                "name": name,
                "cohort": len(mine),
                "users": len(came),
                "share": len(came) / len(mine),
                "median_hours": median(max(0.0, way[n]) for way in came) if came else None,
            }
    return found


def way_of(a: Account) -> tuple[date, list[float]]:
    """The week in which somebody registered, and after how many hours they came to each step, as far as they came."""
    registered = next(event for event in a.events if event.type == "user.registered")
    firsts = [
        [event.time for event in a.events if event.type == type_]
        for type_ in ("task.created", "task.completed", "goal.created")
    ]
    second_week = [registered.localdate + n * DAY for n in range(7, 14)]
    back = [event.time for event in a.events if is_activity(event) and event.localdate in second_week]
    way = [0.0]
    for moments in (*firsts, back):
        if not moments:
            break
        way.append((min(moments) - registered.time) / timedelta(hours=1))
    return monday_of(registered.localdate), way


def feature_usage(people: Sequence[Account]) -> Rows:
    used = [
        (event.localdate, event.data["name"], a.id)
        for a in people
        for event in a.events
        if event.type == "activity.tracked" and not event.data.get("app_user_id")
    ]
    return {
        (day, name): {"users": len({each for each in used if each[:2] == (day, name)}), "events": count}
        for (day, name), count in Counter(each[:2] for each in used).items()
    }


def uplift(people: Sequence[Account]) -> Rows:
    """But for the interval, which is drawn by lot."""
    months: dict[date, list[dict[str, Any]]] = {}
    for a in people:
        for month, row in uplift_people(a).items():
            months.setdefault(month, []).append(row)
    found = {}
    for month, rows in months.items():
        changes, first = [row["change"] for row in rows], fmean(row["first_weekly"] for row in rows)
        up = [row["latest_weekly"] >= 1.2 * row["first_weekly"] and row["change"] > 0 for row in rows]
        found[month] = {
            "users": len(rows),
            "first_weekly": first,
            "latest_weekly": fmean(row["latest_weekly"] for row in rows),
            "mean_change": fmean(changes),
            "relative_change": fmean(changes) / first if first else None,
            "share_up_20": fmean(up),
            "detectable_change": (1.96 + 0.84) * stdev(changes) / sqrt(len(rows)) if len(rows) > 1 else None,
        }
    return found

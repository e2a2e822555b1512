"""Who uses the apps of users, counted slowly: by the events that an app sent of its own users."""

from collections import Counter
from statistics import fmean, stdev
from typing import Any

from focusflow.clock import local_date
from focusflow.contracts.envelope import Event
from tests.integration.pipelines.account import DAY, Account, Rows
from tests.integration.pipelines.reference_product import WEEK, monday_of


def own_id(event: Event) -> str:
    return str(event.data["app_user_id"])


def tracked(a: Account) -> list[Event]:
    found = [event for event in a.events if event.type == "activity.tracked" and event.data.get("app_user_id")]
    return sorted(found, key=lambda event: (event.time, str(event.id)))


def claims(a: Account) -> dict[str, str]:
    """Who claimed an id first."""
    found: dict[str, str] = {}
    for event in tracked(a):
        for alias in map(str, event.data.get("app_user_aliases") or []):
            if alias != own_id(event):
                found.setdefault(alias, own_id(event))
    return found


def used(a: Account) -> list[tuple[str, Event]]:
    """Each event with its user, after all merges."""
    claimed = claims(a)

    def merged(id_: str) -> str:
        path = [id_]
        while (following := claimed.get(path[-1])) is not None:
            if following in path:
                return min(path[path.index(following) :])
            path.append(following)
        return path[-1]

    return [(merged(own_id(event)), event) for event in tracked(a)]


def firsts(a: Account) -> dict[str, Any]:
    return {user: min(event.localdate for other, event in used(a) if other == user) for user, _ in used(a)}


def app_user_days(a: Account) -> Rows:
    counts = Counter((user, event.localdate, event.data["name"]) for user, event in used(a))
    return {key: {"events": count} for key, count in counts.items()}


def app_users_daily(a: Account) -> Rows:
    events, begins = [(user, event.localdate) for user, event in used(a)], Counter(firsts(a).values())
    found: Rows = {}
    for n in range((max(day for _, day in events) - min(day for _, day in events)).days + 1 if events else 0):
        day = min(day for _, day in events) + n * DAY
        dau, wau, mau = (len({who for who, on in events if day - back * DAY < on <= day}) for back in (1, 7, 30))
        row = {"dau": dau, "wau": wau, "mau": mau, "new_users": begins[day], "stickiness": dau / mau if mau else None}
        found[day] = row | {"events": sum(on == day for _, on in events)}
    return found


def app_user_features(a: Account) -> Rows:
    events = [(event.localdate, event.data["name"], user) for user, event in used(a)]
    return {
        key: {"users": len({each for each in events if each[:2] == key}), "events": count}
        for key, count in Counter(each[:2] for each in events).items()
    }


def app_user_retention(a: Account) -> Rows:
    weeks = {user: {monday_of(event.localdate) for other, event in used(a) if other == user} for user, _ in used(a)}
    over = local_date(a.as_of, "Etc/GMT+12") - DAY
    found: Rows = {}
    for cohort in {min(mine) for mine in weeks.values()}:
        members = [mine for mine in weeks.values() if min(mine) == cohort]
        for n in range(52):
            if cohort + n * WEEK + 6 * DAY <= over:
                users = sum(cohort + n * WEEK in mine for mine in members)
                found[cohort, n] = {"cohort": len(members), "users": users, "share": users / len(members)}
    return found


def app_user_funnel(a: Account) -> Rows:
    over = local_date(a.as_of, "Etc/GMT+12") - DAY
    steps: dict[Any, list[list[bool]]] = {}
    for user, first in firsts(a).items():
        mine = [event for other, event in used(a) if other == user]
        is_known = any(event.data.get("is_known_app_user") for event in mine)
        days = {(event.localdate - first).days for event in mine}
        came = [True, is_known, is_known and max(days) > 0, is_known and any(7 <= day <= 13 for day in days)]
        steps.setdefault(monday_of(first), []).append(came)
    return {
        (cohort, n + 1): {"name": name, "cohort": len(users), "users": sum(came[n] for came in users)}
        for cohort, users in steps.items()
        for n, name in enumerate(("seen", "known", "back", "back_in_week_2"))
        if n < 3 or cohort + 19 * DAY <= over
    }


def app_user_uplift(a: Account) -> Rows:
    over = local_date(a.as_of, "Etc/GMT+12") - DAY
    months: dict[Any, dict[str, tuple[float, float]]] = {}
    for user, first in firsts(a).items():
        counts = Counter(monday_of(event.localdate) for other, event in used(a) if other == user)
        week = monday_of(first + 6 * DAY)
        weeks = []
        while week + 6 * DAY <= over:
            weeks.append(week)
            week += WEEK
        for n in range(7, len(weeks)):
            means = [fmean(counts[each] for each in part) for part in (weeks[:4], weeks[n - 3 : n + 1])]
            months.setdefault((weeks[n] + 6 * DAY).replace(day=1), {})[user] = (means[0], means[1])
    found: Rows = {}
    for month, users in months.items():
        changes = [latest - began for began, latest in users.values()]
        around = 1.96 * stdev(changes) / len(changes) ** 0.5 if len(changes) >= 5 else None
        found[month] = {
            "users": len(users),
            "first_weekly": fmean(began for began, _ in users.values()),
            "latest_weekly": fmean(latest for _, latest in users.values()),
            "mean_change": fmean(changes),
            "mean_change_low": None if around is None else fmean(changes) - around,
            "share_up_20": fmean(latest >= 1.2 * began and latest > began for began, latest in users.values()),
        }
    return found

"""Every number in a report is what the events come to, counted here once more: full, sparse, first and empty weeks, and one of 25-hour days."""

from datetime import date, datetime, timedelta
from math import fsum
from typing import Any

import orjson
import pytest

from focusflow.clock import Period, zone
from focusflow.durations import duration
from focusflow.lake.tables import Lake
from reports.periods.content import build_report
from reports.periods.facts import NotComputed, Reader, gather
from reports.periods.facts import User as Whom
from reports.render import report_json
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser, World

WEEK = Period.week_of(date(2026, 10, 25))  # the clocks go back on its Sunday in Berlin, and a week later in New York
AS_OF = "2026-10-28 12:00"


def new_user(story, timezone="Europe/Berlin", since="2026-10-05 08:00"):
    user = SampleUser(timezone, since=since)
    story(user)
    return user


def full(user):
    habit = user.habit("2026-10-06 08:00")
    for n, day in enumerate(WEEK):
        for number in range(n + 1):
            due = f"{day}" if number % 2 else f"{day - timedelta(days=1)}"
            user.task(f"{day - timedelta(days=3)} 09:{number:02}", due_date=due).completed(f"{day} 10:{number:02}")
        user.time(f"{day} 13:00", f"{day} 14:{10 + n}")
        if n % 3:
            user.log(habit, f"{day}")
    user.time(f"{WEEK.last} 01:30", f"{WEEK.last} 04:00")  # over the hour that comes twice


def sparse(user):
    user.task("2026-10-21 09:00").completed("2026-10-21 23:59")


def first(user):
    user.task("2026-10-24 09:00").completed("2026-10-24 10:00")


def nothing(user):
    user.task("2026-10-06 09:00")


PEOPLE = {
    "full": lambda: new_user(full),
    "full elsewhere": lambda: new_user(full, "America/New_York"),
    "full far east": lambda: new_user(full, "Pacific/Kiritimati"),
    "sparse": lambda: new_user(sparse),
    "first": lambda: new_user(first, since="2026-10-24 08:00"),
    "empty": lambda: new_user(nothing),
}


def inside(user: SampleUser, moment: datetime) -> bool:
    """Whether it was in the week where the user is."""
    return moment.astimezone(zone(user.timezone)).date() in WEEK


def expected_numbers(user: SampleUser) -> dict[str, float]:
    """From the events themselves, day by day on the user's own calendar."""
    here = zone(user.timezone)

    done = [event for event in user.events if event.type == "task.completed" and inside(user, event.time)]
    entries = [event.data for event in user.events if event.type == "time.logged"]
    spans = [(datetime.fromisoformat(each["started_at"]), datetime.fromisoformat(each["ended_at"])) for each in entries]
    due = [event for event in done if event.data["due_date"]]
    on_time = [
        event for event in due if event.time.astimezone(here).date() <= date.fromisoformat(event.data["due_date"])
    ]
    return {
        "tasks_completed": len(done),
        "tasks_created": len(
            [event for event in user.events if event.type == "task.created" and inside(user, event.time)]
        ),
        "tasks_completed_with_due": len(due),
        "tasks_completed_on_time": len(on_time),
        "focus_minutes": sum((end - start).total_seconds() for start, end in spans if inside(user, start)) / 60,
        "habits_completed": len(
            [event for event in user.events if event.type == "habit.logged" and inside(user, event.time)]
        ),
    }


def in_gold(days: list[dict[str, Any]]) -> dict[str, str]:
    """Each line of a report, from the rows of its days."""

    def total(name: str) -> int:
        return round(float(sum(row[name] for row in days)))

    lines = {
        "tasks_completed": f"{total('tasks_completed')}",
        "focus_minutes": duration(sum(row["focus_minutes"] for row in days)),
    }
    if scores := [row["productivity_score"] for row in days if row["productivity_score"] is not None]:
        lines["productivity_score"] = f"{fsum(scores) / len(scores):.0f}"
    for name, of in (("tasks_completed_on_time", "tasks_completed_with_due"), ("habits_completed", "habits_scheduled")):
        if total(of):
            lines[name] = f"{total(name)} of {total(of)}"
    if overdue := days[-1]["tasks_overdue"]:
        lines["tasks_overdue"] = f"{overdue}"
    return lines


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(Lake(str(tmp_path_factory.mktemp("lake"))))
    yield world
    world.session.close()


@pytest.fixture(scope="module")
def made(world: World):
    """All users' week, computed."""
    users = {name: make() for name, make in PEOPLE.items()}
    for user in users.values():
        world.land(user.events)
    world.refresh(datetime.fromisoformat(AS_OF).replace(tzinfo=zone("Europe/Berlin")))
    return users


@pytest.mark.parametrize("name", PEOPLE)
def test_a_reports_numbers_are_what_the_events_come_to(world, made, name):
    user = made[name]
    whom = Whom(user.id, "Ada", user.timezone, 0)
    facts = gather(world.lake, BUCKETS, whom, WEEK)
    expected = expected_numbers(user)
    assert {metric: facts.totals[metric] for metric in expected} == pytest.approx(expected)
    for metric in expected:
        assert facts.totals[metric] == pytest.approx(
            sum(row[metric] for row in world.days(user).values() if row["local_date"] in WEEK)
        )
    assert facts.events == len([event for event in user.events if inside(user, event.time)])
    report = build_report(facts)
    said = {line.metric: line.value for line in report.lines}
    if report.is_empty:
        assert said == {}
        assert expected["tasks_completed"] == 0
        return
    assert said["tasks_completed"] == f"{expected['tasks_completed']:.0f}"
    assert said["focus_minutes"] == duration(expected["focus_minutes"])
    assert {**said, **{line.metric: line.value for part in report.parts for line in part.lines}} == in_gold(
        [row for row in world.days(user).values() if row["local_date"] in WEEK]
    )
    scores = {row["local_date"]: row["productivity_score"] for row in world.days(user).values()}
    assert [(bar.day, bar.value) for bar in report.bars] == [(day, scores.get(day)) for day in WEEK]
    in_json = {line["metric"]: line["value"] for line in orjson.loads(report_json(report))["lines"]}
    assert in_json == said
    assert Reader(world.lake, BUCKETS).gather(whom, WEEK) == facts


def test_a_week_before_a_user_came_has_no_report(world, made):
    user = made["first"]
    whom = Whom(user.id, "Ada", user.timezone, 0)
    with pytest.raises(NotComputed):
        gather(world.lake, BUCKETS, whom, Period.week_of(date(2026, 10, 12)))

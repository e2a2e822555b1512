"""A report as of a past moment is the one that was made then, whatever came since; what came too late is named."""

from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from cli.main import commands
from focusflow import clock
from focusflow.clock import Period
from focusflow.database.session import Role
from focusflow.settings import load_settings
from ingestion.demo.history import generate_history
from ingestion.demo.personas import FIVE
from ingestion.demo.writer import write_demo
from models.serving.registry import Registry
from pipelines.engine import priorities, publish_tables
from pipelines.engine.past_reports import past_report
from pipelines.engine.publish_scores import publish_scores
from reports.periods.builder import report_builder
from reports.recipients import Recipients
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import World

DAYS = 45


@pytest.fixture(scope="module")
def home(tmp_path_factory, database_url):
    folder = tmp_path_factory.mktemp("home")
    return load_settings(home=folder, database_url=database_url, buckets=BUCKETS)


@pytest.fixture(scope="module")
def builder(home, database):
    return report_builder(home, database)


@pytest.fixture(scope="module")
def lived(home, builder, database):
    """A user of the demo with all tables as of now, and the report that is made of their last whole week, and of the one that runs."""
    now = clock.now()
    write_demo(database, now, days=DAYS, count=1)
    events = generate_history(FIVE[0], now=now, seed=1, days=DAYS, recorded_at=now - timedelta(minutes=5)).events
    world = World(builder.lake)
    world.land(events)
    world.refresh(now)
    world.build(now)
    priorities.score_open_tasks(world.lake, world.session, BUCKETS, now, Registry(home.models_folder))
    publish_tables.publish(world.lake, world.session, database, BUCKETS)
    publish_scores(world.lake, world.session, database, BUCKETS)
    user = Recipients(database, must_verify=False).by_email(FIVE[0].email).user
    made = {}
    for weeks_ago in (0, 1):
        period = week_before(weeks_ago)(user, clock.local_date(now, user.timezone))
        made[weeks_ago] = builder.report(replace(builder.facts(user, period), as_of=now))
    return world, user, now, made, events


def week_before(weeks):
    return lambda user, today: Period.week_of(today - timedelta(weeks=weeks), user.week_start)


@pytest.fixture(scope="module")
def later(lived):
    """What came afterwards: time that was logged late, and the end of a task that was to begin with."""
    world, _, now, _, events = lived
    entry = next(each for each in reversed(events) if each.type == "time.logged")
    late = entry.model_copy(update={"id": events[0].id.__class__(int=7), "subject": events[0].id.__class__(int=8), "recordedtime": now + timedelta(hours=1), "entityversion": 1})  # fmt: skip
    world.land([late])
    world.refresh(now + timedelta(hours=2))
    world.build(now + timedelta(hours=2))
    return late


@pytest.mark.parametrize(("weeks_ago", "parts"), [(0, {"next", "goals"}), (1, {"goals", "habits", "hours"})])
def test_a_report_is_what_it_was_then_and_late_events_are_named(builder, lived, later, weeks_ago, parts):
    _, user, now, made, _ = lived
    found, late = past_report(builder, user, week_before(weeks_ago), now)
    assert found == made[weeks_ago]
    assert {part.name for part in found.parts} >= parts
    assert [each["subject"] for each in late] == [str(later.subject)]


def test_what_has_been_deleted_since_has_no_title(builder, lived, later, database):
    _, user, now, *_ = lived
    with database.transaction(Role.API, user.id) as tx:
        tx.run("delete from habits where user_id = %(id)s", {"id": user.id})
    found, _ = past_report(builder, user, week_before(1), now)
    habits = next(part for part in found.parts if part.name == "habits")
    assert {line.label for line in habits.lines} == {"Deleted since"}


def test_a_moment_in_the_future_and_sending_are_refused(monkeypatch, home):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(home.home))
    wanted = ["report", "weekly", "--user", FIVE[0].email, "--as-of"]
    assert "in the past" in CliRunner().invoke(commands, [*wanted, "2999-01-01"]).output
    assert "--send" in CliRunner().invoke(commands, [*wanted, "2020-01-01", "--send"]).output

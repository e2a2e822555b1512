"""A report as of a past moment is the one that was made then, whatever came since; what came too late is named."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb

from cli.main import commands
from focusflow import clock
from focusflow.clock import Period
from focusflow.database.session import Role
from focusflow.settings import load_settings
from ingestion.demo import PASSWORD
from ingestion.demo.history import generate_history
from ingestion.demo.personas import FIVE
from ingestion.demo.writer import write_demo
from models.serving.registry import Registry
from operational_api.app import create_app
from pipelines.engine import priorities, publish_tables
from pipelines.engine.history import LakeHistory
from pipelines.engine.past_reports import past_report
from pipelines.engine.publish_scores import publish_scores
from reports.periods.builder import report_builder
from reports.periods.content import build_report
from reports.recipients import Recipients
from tests.conftest import BUCKETS
from tests.integration.api.conftest import signed_in
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


@pytest.fixture(scope="module")
def me(home, database, database_url, lived):
    """The user, signed in to an API that can look at the past."""
    app = create_app(home, database_url, LakeHistory)
    with TestClient(app) as client:
        yield signed_in(client, FIVE[0].email, PASSWORD)


def test_the_api_answers_as_of_a_past_moment_and_counts_late_events(me, lived, later):
    _, user, now, made, _ = lived
    then = now.isoformat().replace("+00:00", "Z")
    answer = me.call("GET", f"/reports/preview?as_of={then}")
    assert (answer.status_code, answer.headers["x-late-events"]) == (200, "1")
    assert answer.json()["headline"] == made[1].headline
    period = made[1]
    body = {"first_day": f"{period.first}", "last_day": f"{period.last}", "as_of": then}
    assert [line["value"] for line in me.call("POST", "/reports", body).json()["lines"]] == [
        line.value for line in period.lines
    ]
    scores = me.call("GET", f"/scores/history?as_of={then}").json()
    assert scores["late_events"] == 1
    assert [each["rank"] for each in scores["items"]] == list(range(1, len(scores["items"]) + 1))
    assert all(each["title"] for each in scores["items"])
    day = clock.local_date(now, user.timezone) - timedelta(days=3)
    found = me.call("GET", f"/analytics/explanation?metric=tasks_completed&day={day}&as_of={then}").json()
    assert found["result"] == found["current"]
    assert {each["table"] for each in found["inputs"]} >= {"silver/task_history"}
    assert found["queries"]
    assert len(found["late"]) == 1


def test_the_api_refuses_a_moment_that_lies_ahead_and_a_figure_that_is_none(me):
    assert me.call("GET", "/reports/preview?as_of=2150-01-01T00:00:00Z").status_code == 422
    assert me.call("GET", "/scores/history?as_of=2150-01-01T00:00:00Z").status_code == 422
    assert me.call("GET", "/analytics/explanation?metric=karma&day=2026-03-03").status_code == 404


def test_a_past_report_corrects_what_had_been_mailed_before_it(builder, lived, later, database):
    """And says nothing of what was mailed later."""
    _, user, now, *_ = lived
    two_weeks_ago = week_before(2)(user, clock.local_date(now, user.timezone))
    said = build_report(replace(builder.facts(user, two_weeks_ago), as_of=now))
    wrong = replace(said, lines=tuple(replace(line, value="999") for line in said.lines))
    sent = {
        "user": user.id, "key": two_weeks_ago.key, "first": two_weeks_ago.first, "last": two_weeks_ago.last, "at": now - timedelta(minutes=2),
        "content": Jsonb(orjson.loads(orjson.dumps(wrong))),
    }  # fmt: skip
    with database.transaction(Role.REPORTING) as tx:
        tx.run(
            "insert into report_deliveries (id, user_id, created_at, updated_at, kind, period, first_day, last_day, status, next_attempt_at,"
            " message_id, content, sent_at) values (gen_random_uuid(), %(user)s, %(at)s, %(at)s, 'weekly', %(key)s, %(first)s, %(last)s, 'sent',"
            " %(at)s, '<x>', %(content)s, %(at)s)",
            sent,
        )
    parts = {
        moment: [part.name for part in past_report(builder, user, week_before(1), moment, "weekly")[0].parts]
        for moment in (now, now - timedelta(minutes=3))
    }
    assert "corrected" in parts[now]
    assert "corrected" not in parts[now - timedelta(minutes=3)]


def test_a_moment_in_the_future_and_sending_are_refused(monkeypatch, home):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(home.home))
    wanted = ["report", "weekly", "--user", FIVE[0].email, "--as-of"]
    assert "in the past" in CliRunner().invoke(commands, [*wanted, "2999-01-01"]).output
    assert "--send" in CliRunner().invoke(commands, [*wanted, "2020-01-01", "--send"]).output

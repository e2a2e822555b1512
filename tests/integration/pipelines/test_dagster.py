"""The wiring: what Dagster loads, what a refresh does in it, and when one is asked for."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import dagster as dg
import psycopg
import pyarrow as pa
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from focusflow import clock
from focusflow.clock import local_date
from models.serving.registry import Registry
from models.training.dataset import lists_with_outcomes
from models.training.fit import fit
from pipelines.definitions import build_defs
from pipelines.engine import daily, lineage, priorities, publish_scores
from pipelines.engine.partitions import month_of
from pipelines.engine.user_quarantine import quarantined
from pipelines.orchestration.assets.tables import key_of
from pipelines.orchestration.automation import (
    achievements_hourly,
    audit_seals,
    data_docs_hourly,
    due_calendars,
    due_erasures,
    history_hourly,
    maintenance_nightly,
    model_changes,
    raw_commits,
    reference_nightly,
    refresh_hourly,
    reminder_times,
    report_hours,
    retention_nightly,
    verify_nightly,
    weekly_training,
)
from pipelines.orchestration.resources import Installation
from pipelines.privacy.erasures import Erasures
from tests.conftest import BUCKETS, add_user
from tests.integration.ingestion.calendar_server import connect, event, events_of, publisher
from tests.integration.made_up_lake import fill
from tests.integration.pipelines.conftest import SampleUser, World
from tests.unit.models.histories import connected, lived

# Great Expectations imports them while it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_\\w+' is deprecated:DeprecationWarning")

SNAPSHOT = Path(__file__).with_name("definitions.txt")


@pytest.fixture
def installation(tmp_path, monkeypatch, database_url) -> Installation:
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    return Installation(home=str(tmp_path))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:  # in memory: on disk, each of hundreds of events is a transaction
        yield instance


@pytest.fixture
def ada(database) -> SampleUser:
    """Somebody whom the database knows, and nobody else, with an open task for a few days."""
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    ada = SampleUser("UTC", since=days_ago(5), id_=add_user(database, "UTC"))
    ada.task(days_ago(4))
    return ada


def days_ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def refreshed(installation: Installation, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """The job as the sensor asks for it."""
    tags = {
        "dagster/asset_partition_range_start": month_of(days_ago(5).date()),
        "dagster/asset_partition_range_end": month_of(days_ago(0).date()),
    }
    job = build_defs(installation).resolve_job_def("refresh")
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def scored(world: World, user: SampleUser, as_of: datetime, models: Registry) -> None:
    """Lands what happened to a user, and computes days and scores without Dagster, which takes several times as long."""
    world.land(user.events)
    world.refresh(as_of)
    priorities.score_open_tasks(world.lake, world.session, BUCKETS, as_of, models)


def published(database_url: str, user: SampleUser) -> int:
    with psycopg.connect(database_url) as connection:
        return connection.execute("select from priority_scores where user_id = %s", [user.id]).rowcount


def test_the_definitions_can_be_loaded():
    dg.Definitions.validate_loadable(build_defs())


def test_the_files_in_which_the_tables_pages_say_that_their_sql_stands_are_there():
    assets = build_defs().resolve_asset_graph()
    said = [assets.get(key).metadata.get("dagster/code_references") for key in assets.get_all_asset_keys()]
    files = [Path(each.file_path) for references in said if references for each in references.code_references]
    assert files
    assert [file for file in files if not file.is_file()] == []


def described(definitions: dg.Definitions) -> Iterator[str]:
    """A line for each asset, check, job, sensor and schedule."""
    assets = definitions.resolve_asset_graph()
    for key in sorted(assets.get_all_asset_keys()):
        node = assets.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys)) or "nothing"
        by_month = " by month" if node.partitions_def else ""
        yield f"{node.group_name}: {key.to_user_string()}{by_month} from {parents}"
    yield from sorted(
        f"check: {check.asset_key.to_user_string()} has no {check.name}" for check in assets.asset_check_keys
    )
    yield from (f"job: {job.name}" for job in definitions.jobs or [])
    yield from (
        f"sensor: {each.name} starts {', '.join(target.job_name for target in each.targets) or 'nothing'}"
        for each in definitions.sensors or []
    )
    yield from (
        f"schedule: {each.name} starts {each.job_name} at {each.cron_schedule}"
        for each in (
            refresh_hourly,
            data_docs_hourly,
            report_hours,
            achievements_hourly,
            history_hourly,
            retention_nightly,
            maintenance_nightly,
            verify_nightly,
            reference_nightly,
            weekly_training,
        )
    )


def test_the_wiring_is_the_one_written_down():
    """Where a change is meant, write what this shows into definitions.txt."""
    assert "\n".join(described(build_defs())) + "\n" == SNAPSHOT.read_text(encoding="utf-8")


def test_every_page_says_what_it_is_about():
    assets = build_defs().resolve_asset_graph()
    for key in assets.get_all_asset_keys():
        node = assets.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        schema = node.metadata.get("dagster/column_schema")
        assert not schema or all(column.description for column in schema.columns), key


def test_columns_are_made_of_columns_of_what_the_table_is_made_from():
    assets = build_defs().resolve_asset_graph()
    for table, columns in lineage.known().items():
        key = key_of(table)
        for name, parent, column in [(name, *each) for name, made in columns.items() for each in made]:
            assert name in lineage.SPECS[table].schema.names, table
            assert key_of(parent) in assets.get(key).parent_keys | {key}, (table, name)
            assert parent not in lineage.SPECS or column in lineage.SPECS[parent].schema.names, (table, name)
    made = lineage.known()["gold/productivity_weekly"]
    assert made["on_time_rate"] == [
        ["gold/productivity_daily", "tasks_completed_on_time"],
        ["gold/productivity_daily", "tasks_completed_with_due"],
    ]


def test_the_nightly_job_tidies_every_table(world, ada, installation, instance, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_RAW_DAYS", "0")  # what this world lands has not come from its database
    scored(world, ada, clock.now(), installation.models)
    job = build_defs(installation).resolve_job_def("maintenance")
    assert job.execute_in_process(instance=instance).success
    for table in (
        "raw/events",
        "silver/events",
        "silver/task_history",
        "gold/productivity_daily",
        "gold/priority_scores",
    ):
        assert list(Path(world.lake.url(table)).glob("_delta_log/*.checkpoint.parquet")), table


def test_an_erasure_that_is_due_starts_a_run_which_erases_the_user(world, ada, database, installation, instance):
    def requested() -> object:
        return due_erasures(dg.build_sensor_context(instance, resources={"installation": installation}))

    world.land(ada.events)
    assert isinstance(requested(), dg.SkipReason)
    erasure_id = Erasures(database).request(UUID(str(ada.id)))
    assert isinstance(requested(), dg.RunRequest)
    assert build_defs(installation).resolve_job_def("erase_users").execute_in_process(instance=instance).success
    assert isinstance(requested(), dg.SkipReason)
    assert Erasures(database).one(erasure_id)["status"] == "purging"  # it waits for readers of the lake
    assert "entries were sealed" in str(audit_seals(installation=installation))


def test_a_calendar_that_is_due_starts_a_run_which_reads_it(database, installation, instance, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_OUTBOUND_NETWORKS", "127.0.0.1")

    def requested() -> object:
        return due_calendars(dg.build_sensor_context(instance, resources={"installation": installation}))

    user_id = add_user(database)
    assert isinstance(requested(), dg.SkipReason)
    with publisher() as web:
        connect(database, user_id, web.publish(*event("a")), key=installation.settings.signing_key)
        assert isinstance(requested(), dg.RunRequest)
        assert build_defs(installation).resolve_job_def("sync_calendars").execute_in_process(instance=instance).success
    assert isinstance(requested(), dg.SkipReason)
    assert [row["title"] for row in events_of(database, user_id)] == ["Meeting"]


def test_what_was_kept_long_enough_is_deleted_each_night_and_counted(world, ada, installation, instance, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_RAW_DAYS", "0")
    world.land(ada.events)
    result = build_defs(installation).resolve_job_def("delete_expired").execute_in_process(instance=instance)
    (done,) = result.asset_materializations_for_node("privacy__retention")
    assert {"audit log: entries deleted", "sign-ins: deleted", "mails: notifications let go"} <= done.metadata.keys()


def test_the_nightly_count_finds_what_the_database_never_accepted(world, ada, installation, instance):
    scored(world, ada, clock.now(), installation.models)  # of a log that this database does not have
    result = build_defs(installation).resolve_job_def("verify").execute_in_process(instance=instance)
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert "landed that the database does not know" in str(check.metadata["verdict"].value)


def test_a_refresh_writes_the_days_and_publishes_the_scores(world, ada, installation, instance, database_url):
    world.land(ada.events)
    assert refreshed(installation, instance).success
    assert len(world.days(ada)) == 6
    assert published(database_url, ada) == 1
    again = refreshed(installation, instance)
    there = {"silver_events": len(ada.events), "gold__productivity_daily": 6, "gold__priority_scores": 1}
    made = {node: again.asset_materializations_for_node(node)[0].metadata for node in there}
    assert {node: each["dagster/row_count"].value for node, each in made.items()} == there
    assert made["silver_events"]["rows_written"].value == 0


@pytest.mark.parametrize("user", ["grace", None], ids=["of a user", "of nobody in particular"])
def test_a_broken_rule_fails_its_check_and_holds_back_what_it_is_about(world, ada, installation, database_url, user):
    """Rows of a user hold back that user's, and rows that are nobody's all."""
    world.land(ada.events)
    text = {"user_id": user, "task_id": "first", "reasons": "[]", "model_version": "none", "month": "2020-01"}
    numbers = dict.fromkeys(
        ("score", "rank_by_due_date", "rank_by_urgency", "deadline_risk", "importance", "likelihood"), 0
    )
    row = (
        text
        | numbers
        | {
            "is_baseline": True,
            "task_version": 1,
            "rank": 0,
            "local_date": date(2020, 1, 1),
            "as_of": days_ago(2000),
            "bucket": 0,
        }
    )
    world.lake.open(priorities.SCORES).append(pa.Table.from_pylist([row]), positions={})
    with dg.DagsterInstance.ephemeral() as instance:
        result = refreshed(installation, instance)
    assert result.success is (user is not None)
    (broken,) = (each for each in result.get_asset_check_evaluations() if not each.passed)
    assert broken.check_name == "rank_out_of_range"
    assert (broken.description or "").startswith("1 rank out of range.")
    shown = {name: value.value for name, value in broken.metadata.items()}
    assert shown == {
        "broken": 1,
        "see": "focusflow quarantine rows gold/priority_scores rank_out_of_range",
        **({"users": 1} if user else {}),
    }
    assert "grace" not in str(result.all_events)  # analysts read all of them
    assert published(database_url, ada) == (1 if user else 0)
    assert len(world.days(ada)) == 6
    assert quarantined(world.lake, world.session) == ([user] if user else [])


#: Row-level security, policies and grants of the scores.
ACCESS = """
    select relrowsecurity, relforcerowsecurity, relacl::text,
           (select array_agg(polname || coalesce(pg_get_expr(polqual, polrelid), '') order by polname) from pg_policy where polrelid = pg_class.oid)
    from pg_class where oid = 'priority_scores'::regclass"""


@pytest.fixture
def publish_as_of(world, database, tmp_path):
    def publish_as_of(as_of: datetime) -> None:
        world.refresh(as_of)
        priorities.score_open_tasks(world.lake, world.session, BUCKETS, as_of, Registry(tmp_path))
        publish_scores.publish_scores(world.lake, world.session, database, BUCKETS)

    return publish_as_of


def test_the_last_open_task_takes_its_published_score_with_it(world, ada, database_url, publish_as_of):
    world.land(ada.events)
    publish_as_of(days_ago(2))
    assert published(database_url, ada) == 1
    ada.events.clear()
    ada.tasks[0].completed(days_ago(1))
    world.land(ada.events)
    publish_as_of(days_ago(0))
    assert published(database_url, ada) == 0


def test_a_batch_gives_way_to_newer_scores(world, ada, database_url, publish_as_of):
    world.land(ada.events)
    publish_as_of(days_ago(1))
    with psycopg.connect(database_url, autocommit=True) as connection:
        newer = days_ago(0)
        connection.execute("update priority_scores set as_of = %s, score = 99 where user_id = %s", [newer, ada.id])
        publish_as_of(newer - timedelta(hours=1))
        (row,) = connection.execute("select as_of, score from priority_scores where user_id = %s", [ada.id])
        assert row == (newer, 99)
        connection.execute("update users set erased_at = %s where id = %s", [newer, ada.id])
        publish_as_of(newer + timedelta(minutes=1))
    assert published(database_url, ada) == 0


def published_as_of(connection: psycopg.Connection, user: SampleUser) -> datetime:
    as_of: datetime
    ((as_of,),) = connection.execute("select distinct as_of from priority_scores where user_id = %s", [user.id])
    return as_of


def test_a_batch_takes_the_place_of_the_one_before_and_leaves_who_may_see_what(world, ada, database_url, publish_as_of):
    world.land(ada.events)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("truncate priority_scores")  # of users of other tests, who are in no lake here
        before = connection.execute(ACCESS).fetchall()
        tables = set()
        for as_of in map(days_ago, (3, 2, 1)):
            publish_as_of(as_of)
            ((table, found),) = connection.execute(
                "select distinct tableoid::regclass::text, as_of from priority_scores"
            )
            tables.add(table)
            assert found == as_of
        assert tables == {"priority_scores_a", "priority_scores_b"}
        assert connection.execute(ACCESS).fetchall() == before
        connection.execute("set role focusflow_api")
        assert connection.execute("select count(*) from priority_scores").fetchone() == (0,)
        for table in tables:
            allowed = "select has_table_privilege('focusflow_api', to_regclass(%s)::oid, 'select')"
            assert connection.execute(allowed, [table]).fetchone() in [
                (False,),
                (None,),
            ]  # null is the one that is gone


def test_a_batch_waits_for_who_reads_and_lets_others_read_meanwhile(world, ada, database_url, publish_as_of):
    world.land(ada.events)
    earlier, later = days_ago(2), days_ago(1)
    publish_as_of(earlier)
    with psycopg.connect(database_url) as slow, ThreadPoolExecutor(1) as publisher:
        assert published_as_of(slow, ada) == earlier
        publishing = publisher.submit(publish_as_of, later)
        time.sleep(3)
        assert not publishing.done()
        with psycopg.connect(database_url) as other:
            assert published_as_of(other, ada) == earlier
        slow.rollback()
        publishing.result(timeout=60)
    with psycopg.connect(database_url) as after:
        assert published_as_of(after, ada) == later


def test_a_training_shows_its_card_and_its_drift_and_refreshes_do_not_train(world, installation, instance):
    fill(world.lake, lived(users=16, days=45, planted=1.0))
    definitions = build_defs(installation)
    result = definitions.resolve_job_def("train_priority_model").execute_in_process(instance=instance)
    (model,) = result.asset_materializations_for_node("priority_model")[1:]
    assert model.metadata["serves"].value is True
    assert "| newest |" in str(model.metadata["card"].value)
    assert {"plot_orders", "plot_likelihood"} <= model.metadata.keys()
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.metadata["model"].value) == (
        "sees_what_it_was_trained_on",
        installation.models.current(),
    )
    refreshed = definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys
    assert not any(key.path[0] == "models" for key in refreshed)


def test_a_training_without_a_history_is_no_failure(installation, instance):
    result = build_defs(installation).resolve_job_def("train_priority_model").execute_in_process(instance=instance)
    assert result.success
    assert installation.models.versions() == []


def looked_after(installation, instance):
    """What the sensor of the model answers."""
    return model_changes(dg.build_sensor_context(instance, resources={"installation": installation}))


def test_the_first_model_is_trained_once_there_is_something_scored_and_its_scores_follow(
    world, ada, installation, instance
):
    assert isinstance(looked_after(installation, instance), dg.SkipReason)
    scored(world, ada, clock.now(), installation.models)
    request = looked_after(installation, instance)
    assert (request.job_name, request.run_key) == ("train_priority_model", None)
    training = build_defs(installation).resolve_job_def("train_priority_model")
    assert training.execute_in_process(instance=instance).success
    assert "too little history" in looked_after(installation, instance).skip_message
    lists = lists_with_outcomes(*connected(lived(users=4, days=30, planted=1.0)))
    version = installation.models.save(fit(lists), {"refused": []}, clock.now())
    assert isinstance(looked_after(installation, instance), dg.SkipReason)
    installation.models.promote(version, clock.now())
    request = looked_after(installation, instance)
    assert (request.job_name, version in request.run_key) == ("score_tasks", True)
    assert looked_after(installation, instance).run_key == request.run_key


def test_a_first_training_that_was_killed_is_tried_again_soon(world, ada, installation, instance, monkeypatch):
    scored(world, ada, clock.now(), installation.models)
    job = build_defs(installation).resolve_job_def("train_priority_model")
    instance.report_run_failed(instance.create_run_for_job(job))
    assert isinstance(looked_after(installation, instance), dg.SkipReason)
    soon = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: soon)
    assert looked_after(installation, instance).job_name == "train_priority_model"


def requested(installation: Installation, instance: dg.DagsterInstance, cursor: str | None = None) -> object:
    """What the sensor answers."""
    return raw_commits(installation)(dg.build_sensor_context(instance, cursor=cursor))


def test_the_sensor_asks_once_for_what_has_landed_and_names_the_months_it_touches(world, ada, installation, instance):
    assert isinstance(requested(installation, instance), dg.SkipReason)
    world.land(ada.events)
    answer = requested(installation, instance)
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    assert request.tags == {
        "dagster/asset_partition_range_start": month_of(days_ago(5).date()),
        "dagster/asset_partition_range_end": month_of(days_ago(0).date()),
    }
    assert isinstance(requested(installation, instance, answer.cursor), dg.SkipReason)
    ada.events.clear()
    ada.task(days_ago(0))
    world.land(ada.events)
    more = requested(installation, instance, answer.cursor)
    assert isinstance(more, dg.SensorResult)
    (later,) = more.run_requests or []
    assert later.run_key != request.run_key
    assert later.tags["dagster/asset_partition_range_start"] == month_of(days_ago(0).date())


@pytest.mark.parametrize("last", ["RUN_ENQUEUED", "RUN_START", "RUN_CANCELING"])
def test_the_sensor_waits_for_the_refresh_that_waits_or_runs(world, ada, installation, instance, last):
    world.land(ada.events)
    before = under_way(instance, "refresh", last)
    assert isinstance(requested(installation, instance), dg.SkipReason)
    instance.report_run_canceled(before)
    assert isinstance(requested(resting(installation, 0), instance), dg.SensorResult)


def test_the_sensor_tries_again_after_a_refresh_that_failed_though_nothing_has_landed(
    world, ada, installation, instance, monkeypatch
):
    world.land(ada.events)
    answer = requested(installation, instance)
    assert isinstance(answer, dg.SensorResult)
    failed = under_way(instance, "refresh")
    instance.report_run_failed(failed)
    assert isinstance(requested(resting(installation, 0), instance, answer.cursor), dg.SkipReason)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=5))
    again = requested(resting(installation, 0), instance, answer.cursor)
    assert isinstance(again, dg.SensorResult)
    (request,) = again.run_requests or []
    assert request.run_key == f"after-{failed.run_id}"


def under_way(instance: dg.DagsterInstance, job: str, last: str = "RUN_ENQUEUED") -> dg.DagsterRun:
    """A run of a job that has come so far."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name="pipelines.definitions")
    place = RemoteRepositoryOrigin(InProcessCodeLocationOrigin(target, location_name="focusflow"), "__repository__")
    run = instance.add_run(dg.DagsterRun(job_name=job, remote_job_origin=RemoteJobOrigin(place, job)))
    instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType[last].value, job), run.run_id)
    return run


def test_the_sensor_lets_a_pause_pass_after_a_refresh(world, ada, installation, instance):
    instance.report_run_canceled(under_way(instance, "refresh"))
    world.land(ada.events)
    assert isinstance(requested(resting(installation, 3600), instance), dg.SkipReason)
    assert isinstance(requested(resting(installation, 0), instance), dg.SensorResult)


def resting(installation: Installation, seconds: float) -> Installation:
    """The same, with such a pause between two refreshes."""
    other = Installation(home=installation.home)
    vars(other)["settings"] = installation.settings.model_copy(update={"refresh_pause_seconds": seconds})
    return other


def test_the_sensor_reaches_back_to_the_month_of_a_late_event(world, installation, instance):
    world.land(SampleUser(since="2024-02-10 08:00").events)
    answer = requested(installation, instance)
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == "2024-02"


def test_the_sensor_lets_what_cannot_be_read_pass(world, installation, instance):
    world.land_bytes([(0, b"{")])
    answer = requested(installation, instance)
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == month_of(days_ago(0).date())


@pytest.mark.parametrize("table", [daily.DAILY.name, priorities.SCORES.name])
def test_each_rule_is_a_check_that_stops_what_is_made_from_its_table(table):
    """What is fewer than before may be right, and the reference looks at a sample each night: they only warn."""
    assets = build_defs().resolve_asset_graph()
    checks = [key for key in assets.asset_check_keys if key.asset_key == dg.AssetKey(table.split("/"))]
    assert checks
    warning = {"volume", "agrees_with_the_reference"}
    assert all(assets.get_check_spec(key).blocking == (key.name not in warning) for key in checks)


def test_one_rule_can_be_asked_alone(world, ada, installation, instance):
    world.land(ada.events)
    world.refresh(days_ago(0))
    definitions, key = build_defs(installation), key_of(daily.DAILY.name)
    one = dg.AssetCheckKey(key, "tasks_created_out_of_range")
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection=set(), asset_check_selection={one}
    )
    (requested,) = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert (requested.check_name, requested.passed) == (one.name, True)


def reported(installation: Installation, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_defs(installation).resolve_job_def("weekly_reports")
    return job.execute_in_process(instance=instance)


def requested_reports(installation: Installation) -> object:
    return report_hours(dg.build_schedule_context(resources={"installation": installation}))


@pytest.fixture
def grace(database) -> SampleUser:
    """Somebody who was there last week, and wants a mail of it on this weekday at midnight, which is hours ago where they live."""
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    now = clock.now()
    here = "Asia/Tokyo" if now.hour < 12 else "UTC"
    grace = SampleUser(here, since=days_ago(14), id_=add_user(database, here))
    grace.task(days_ago(13)).completed(days_ago(8))
    preferences = {"id": grace.id, "day": local_date(now, here).weekday()}
    with database.owner() as connection:
        connection.execute(
            "update users set created_at = %s, week_start = %s where id = %s",
            [days_ago(14), preferences["day"], grace.id],
        )
        connection.execute(
            "insert into preferences (user_id, updated_at, weekly_report_day, weekly_report_hour, monthly_report)"
            " values (%(id)s, '2026-01-01', %(day)s, 0, false)",
            preferences,
        )
    return grace


def test_reports_are_mailed_when_a_user_is_due_and_the_run_says_how_many(world, grace, installation, instance):
    world.land(grace.events)
    world.refresh(clock.now())
    assert isinstance(requested_reports(installation), dg.RunRequest)
    result = reported(installation, instance)
    (made,) = result.asset_materializations_for_node("reports__deliveries")
    counts = {name: made.metadata[name].value for name in ("due", "rendered", "sent", "failed")}
    assert counts == {"due": 1, "rendered": 1, "sent": 1, "failed": 0}
    assert all(each.passed for each in result.get_asset_check_evaluations())
    assert len(list((installation.settings.home / "mails").glob("*.eml"))) == 1
    assert isinstance(requested_reports(installation), dg.SkipReason)


def test_a_run_that_was_due_and_sent_nothing_raises_an_alarm(grace, installation, instance):
    result = reported(installation, instance)  # nothing was ever computed
    assert {each.check_name: each.passed for each in result.get_asset_check_evaluations()} == {
        "failed_or_unknown": True,
        "due_and_none_sent": False,
    }


def test_a_reminder_is_mailed_when_its_moment_has_come(ada, database, installation, instance):
    def requested() -> object:
        return reminder_times(dg.build_sensor_context(instance, resources={"installation": installation}))

    assert isinstance(requested(), dg.SkipReason)
    with database.owner() as connection:
        connection.execute(
            "insert into notification_preferences values (%s, 'task_reminder', true, '{email}')", [ada.id]
        )
        connection.execute(
            "insert into notifications (id, user_id, created_at, updated_at, type, title, scheduled_at)"
            " values (gen_random_uuid(), %s, %s, %s, 'task_reminder', 'Call', %s)",
            [ada.id, days_ago(1), days_ago(1), clock.now()],
        )
    assert isinstance(requested(), dg.RunRequest)
    waiting = under_way(instance, "send_reminders")
    assert isinstance(requested(), dg.SkipReason)
    instance.report_run_canceled(waiting)
    result = build_defs(installation).resolve_job_def("send_reminders").execute_in_process(instance=instance)
    (made,) = result.asset_materializations_for_node("reports__reminders")
    assert made.metadata["mailed"].value == 1
    assert isinstance(requested(), dg.SkipReason)

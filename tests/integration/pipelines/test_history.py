"""Dagster's history is pruned: old runs go with their files, and what is shown as the newest stays."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from sqlalchemy import func, select

from focusflow import clock
from focusflow.settings import Settings
from pipelines.orchestration.history import prune
from pipelines.orchestration.server import prepared_home

KEPT = 10


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2026-01", "2026-02"]))
def numbers() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3})


@dg.asset_check(asset=numbers)
def few() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


REFRESH = dg.define_asset_job("refresh")
DEFINITIONS = dg.Definitions(assets=[numbers], asset_checks=[few], jobs=[REFRESH])


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, dagster_refresh_runs=KEPT, _env_file=None)


@pytest.fixture
def instance(settings, monkeypatch):
    for name in ("DAGSTER_HOME", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")
    with dg.DagsterInstance.from_config(str(prepared_home(settings))) as instance:
        yield instance


def ran(instance, month):
    job = DEFINITIONS.resolve_job_def("refresh")
    return job.execute_in_process(instance=instance, partition_key=month).run_id


def test_of_frequent_runs_the_newest_stay_and_the_newest_of_each_partition(instance, settings):
    january, old = ran(instance, "2026-01"), ran(instance, "2026-02")
    newer = [ran(instance, "2026-02") for _ in range(KEPT)]
    assert prune(instance, settings, "refresh", clock.now()) == 1
    assert {each.run_id for each in instance.get_runs()} == {january, *newer}
    files = {path.stem for path in settings.home.glob("dagster/history/runs/*.db")}
    assert old not in files
    assert {january, *newer} <= files
    assert instance.get_materialized_partitions(numbers.key) == {"2026-01", "2026-02"}
    with instance.event_log_storage.index_connection() as connection:
        results = connection.execute(select(func.count()).select_from(AssetCheckExecutionsTable)).scalar_one()
    assert results == KEPT + 1
    assert prune(instance, settings, "refresh", clock.now()) == 0


def test_old_runs_go_and_those_under_way_stay(instance, settings):
    ran(instance, "2026-01")
    newest = [ran(instance, month) for month in ("2026-01", "2026-02")]
    waits = instance.create_run_for_job(DEFINITIONS.resolve_job_def("refresh"), status=dg.DagsterRunStatus.STARTED)
    later = clock.now() + timedelta(days=settings.dagster_history_days + 1)
    assert prune(instance, settings, "another", clock.now()) == 0
    assert prune(instance, settings, "another", later) == 1
    assert {each.run_id for each in instance.get_runs()} == {*newest, waits.run_id}


def test_of_events_without_a_run_the_newest_stay_of_each_asset_and_check(instance, settings):
    for number in range(KEPT + 3):
        instance.report_runless_asset_event(dg.AssetMaterialization(numbers.key, metadata={"number": number}))
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(numbers.key, "few", passed=True))
    ran(instance, "2026-01")
    prune(instance, settings, "refresh", clock.now())
    kept = instance.fetch_materializations(numbers.key, limit=100).records
    assert len(kept) == KEPT + 1  # with that of the run
    assert kept[1].asset_materialization.metadata["number"].value == KEPT + 2
    with instance.event_log_storage.index_connection() as connection:
        results = connection.execute(select(func.count()).select_from(AssetCheckExecutionsTable)).scalar_one()
    assert results == KEPT + 1
    assert not (settings.home / "dagster/history/runs/.db").exists()

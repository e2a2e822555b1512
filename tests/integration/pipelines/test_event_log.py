"""Dagster's event log, whose files are held open: it is the one that is used, says the same as Dagster's own, and opens few files."""

from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._daemon.types import DaemonHeartbeat
from sqlalchemy import create_engine

from focusflow.settings import Settings
from pipelines.orchestration.event_log import MOST_OPEN, EventLog
from pipelines.orchestration.server import opened, prepared_home

TIMES = 10


@dg.asset
def numbers() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3})


@dg.asset_check(asset=numbers)
def few() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("DAGSTER_HOME", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back
    return prepared_home(Settings(home=tmp_path, _env_file=None))


def ran(instance):
    result = dg.materialize([numbers, few], instance=instance)
    assert result.success
    return result.run_id


def events_of(log, run_id):
    return [(each.dagster_event_type, each.message) for each in log.get_logs_for_run(run_id)]


def open_files(folder: Path) -> set[str]:
    """The databases under a folder that this process holds open."""
    found = {each.path for each in psutil.Process().open_files()}
    return {each for each in found if each.startswith(f"{folder}/") and each.endswith(".db")}


def test_what_it_writes_is_what_dagsters_own_reads(home):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        run_id = ran(instance)
        written = events_of(instance.event_log_storage, run_id)
        latest = instance.get_latest_materialization_event(numbers.key)
        assert latest is not None
        assert latest.run_id == run_id
    plain = SqliteEventLogStorage(str(home / "history" / "runs"))
    assert events_of(plain, run_id) == written
    assert len(written) > TIMES


def test_its_files_are_opened_once_and_few_at_a_time(home, monkeypatch):
    addresses: list[str] = []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        log = instance.event_log_storage
        monkeypatch.setattr("pipelines.orchestration.event_log.create_engine", _counting(addresses))
        runs = [ran(instance) for _ in range(MOST_OPEN + 2)]
        assert len(addresses) == len(runs)  # the index was open before
        assert len(open_files(home / "history" / "runs")) <= MOST_OPEN
        assert events_of(log, runs[0])  # one that was closed meanwhile
    assert open_files(home / "history" / "runs") == set()


def test_runs_and_ticks_keep_one_file_open_each_that_dagsters_own_reads(home, monkeypatch):
    addresses: list[str] = []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        monkeypatch.setattr("pipelines.orchestration.storage.create_engine", _counting(addresses))
        monkeypatch.setattr("dagster._core.storage.sql.create_engine", _counting(addresses))
        tick = TickData("look", "numbers", InstigatorType.SENSOR, TickStatus.SKIPPED, 1.0)
        for _ in range(TIMES):
            instance.create_tick(tick)
            instance.add_daemon_heartbeat(DaemonHeartbeat(1.0, "SENSOR", None, []))
        runs = [ran(instance) for _ in range(2)]
        assert len(addresses) <= 2  # the others were open before
    with dg.DagsterInstance.local_temp(str(home)) as plain:
        assert {each.run_id for each in plain.get_runs()} == set(runs)
        assert len(plain.get_ticks("look", "numbers")) == TIMES


def test_a_run_leaves_the_logging_of_the_process_as_it_is(home, monkeypatch):
    """To configure it waits for handlers and keeps the loggers that other runs' handlers wait for."""
    configured: list[object] = []
    monkeypatch.setattr("logging.config.dictConfig", configured.append)
    with opened(home) as instance:
        run_id = ran(instance)
        assert [each.dagster_event_type for each in instance.all_logs(run_id)].count(
            dg.DagsterEventType.ASSET_MATERIALIZATION
        ) == 1
    assert configured == []


def _counting(addresses):
    def count_queries(address, **how):
        addresses.append(address)
        return create_engine(address, **how)

    return count_queries

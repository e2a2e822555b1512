"""What Dagster shows of the resident refresher, and that it leaves the refreshes to it."""

import dagster as dg
import pytest

from focusflow.database.lease import Lease, lease
from pipelines.engine import checks
from pipelines.engine.rules import rules_of
from pipelines.orchestration import automation
from pipelines.orchestration.automation import raw_commits
from pipelines.orchestration.refresher_reports import RefresherReports
from pipelines.orchestration.resources import Installation
from tests.conftest import BUCKETS

DAILY = dg.AssetKey(["gold", "productivity_daily"])


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def reports(site, instance):
    return RefresherReports(instance, site.lake, BUCKETS, site.database, seconds=60)


@pytest.fixture
def installation(site, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", site.url)
    return Installation(home=str(site.home))


def look(installation, instance):
    return raw_commits(installation)(dg.build_sensor_context(instance))


def test_builds_are_materializations_with_rows_offsets_and_checks(site, instance, reports):
    refresher = site.refresher()
    for _ in range(2):
        site.land()
        assert refresher.refresh_once()
    assert reports.report() > 0
    (event,) = instance.fetch_materializations(DAILY, limit=5).records
    made = event.asset_materialization.metadata
    assert made["builds"].value == 2
    assert made["dagster/row_count"].value > 0
    assert made["lake_version"].value == site.lake.version("gold/productivity_daily")
    assert sum(made["consumed_offsets"].value.values()) > 0
    names = {*rules_of("gold/productivity_daily"), checks.VOLUME}
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [dg.AssetCheckKey(DAILY, name) for name in names]
    )
    assert {key.name for key in latest} == names
    assert all(record.event.dagster_event.event_specific_data.passed for record in latest.values())


def test_what_was_reported_is_not_reported_again_and_a_later_build_is(site, instance, reports):
    refresher = site.refresher()
    site.land()
    assert refresher.refresh_once()
    reports.report()
    assert reports.report() == 0
    site.land()
    assert refresher.refresh_once()
    assert reports.report() > 0
    assert len(instance.fetch_materializations(DAILY, limit=5).records) == 2


def test_the_sensor_leaves_refreshes_to_a_refresher_and_takes_over_when_it_is_gone(site, installation, instance):
    site.land()
    with lease(site.url, Lease.REFRESHER) as held:
        assert held is not None
        skipped = look(installation, instance)
        assert isinstance(skipped, dg.SkipReason)
        assert skipped.skip_message == "The resident refresher is at work."
    assert isinstance(look(installation, instance), dg.SensorResult)


def test_the_sensor_does_not_wait_for_a_refresher_that_builds_nothing(site, installation, instance, monkeypatch):
    site.land()
    sensor = raw_commits(installation)
    with lease(site.url, Lease.REFRESHER) as held:
        assert held is not None
        assert isinstance(sensor(dg.build_sensor_context(instance)), dg.SkipReason)
        monkeypatch.setattr(automation, "STALLED_SECONDS", 0)
        assert isinstance(sensor(dg.build_sensor_context(instance)), dg.SensorResult)

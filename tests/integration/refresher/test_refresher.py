"""The resident refresher: woken by what lands, one at a time, and whatever fails is recorded and tried again."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from focusflow import clock
from focusflow.database.lease import Lease, full_refresh, is_held, lease
from focusflow.errors import Unavailable
from ingestion.landing import service as landing
from pipelines.engine import integrity
from pipelines.engine.refresh import Overtaken, Refresh
from pipelines.refresher import service
from pipelines.refresher.service import Refresher
from tests.integration.refresher.conftest import PATIENCE, running, until

NEVER = 3600.0
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_it_is_ready_once_it_has_refreshed_and_is_woken_by_what_lands(site, monkeypatch):
    monkeypatch.setattr(service, "FALLBACK_SECONDS", NEVER)
    site.land()
    with running(site.refresher()) as beats:
        beats.wait()
        assert site.is_refreshed()
        site.land()
        until(lambda: site.state()["refreshes"] == 2)
        assert site.is_refreshed()
    assert site.state().items() >= {"failures": 0, "error": None}.items()


def test_a_lost_signal_costs_a_fallback_only(site, monkeypatch):
    monkeypatch.setattr(service, "FALLBACK_SECONDS", 0.1)
    monkeypatch.setattr(landing, "announce_landing", lambda _: None)
    with running(site.refresher()) as beats:
        beats.wait()
        site.land()
        until(site.is_refreshed)


def test_one_is_active_and_another_takes_over(site, monkeypatch):
    monkeypatch.setattr(service, "STANDBY_SECONDS", 0.05)
    site.land()
    with lease(site.url, Lease.REFRESHER) as held, running(site.refresher()) as standby:
        assert held is not None
        standby.wait()  # standing by is its work
        assert not site.is_refreshed()
        held.close()
        until(site.is_refreshed)


def test_what_fails_is_recorded_and_tried_again_until_it_is_done(site, monkeypatch):
    run, failures = Refresh.run, iter([Unavailable("The lake cannot be reached."), OSError(28, "No space left")])

    def failing(refresh):
        if failure := next(failures, None):
            raise failure
        yield from run(refresh)

    monkeypatch.setattr(Refresh, "run", failing)
    refresher = site.refresher()
    site.land()
    assert not refresher.refresh_once()
    assert site.state().items() >= {"failures": 1, "error": "The lake cannot be reached."}.items()
    assert refresher.is_due()
    assert not refresher.refresh_once()
    assert site.state()["failures"] == 2
    assert refresher.refresh_once()
    assert site.state().items() >= {"failures": 0, "failed_at": None, "error": None}.items()
    assert not refresher.is_due()


def test_one_that_another_was_quicker_than_tries_again_and_that_is_no_failure(site, monkeypatch):
    def overtaken(refresh):
        yield next(run(refresh))
        raise Overtaken

    run = Refresh.run
    site.land()

    monkeypatch.setattr(Refresh, "run", overtaken)
    refresher = site.refresher()
    assert not refresher.refresh_once()
    assert site.state().items() >= {"conflicts": 1, "failures": 0, "refreshed_at": None}.items()
    assert site.builds()["silver/events"]["builds"] == 1
    assert refresher.is_due()


def test_a_damaged_file_is_mended_on_the_way(site):
    refresher = site.refresher()
    site.land()
    assert refresher.refresh_once()
    (damaged, *_) = site.lake.pinned("gold/productivity_daily").files()
    os.truncate(damaged, 64)
    site.land()
    assert refresher.refresh_once()
    assert all(each.is_whole for each in integrity.verify(site.lake, is_deep=True))
    assert site.state()["failures"] == 0


def test_an_outage_of_the_database_is_waited_for(site, monkeypatch):
    monkeypatch.setattr(service, "RETRY_SECONDS", (0.05, 0.2))
    with running(site.refresher()) as beats:
        beats.wait()
        with site.database.owner() as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        site.land()
        until(site.is_refreshed)


def test_whether_another_is_active_cannot_be_asked_of_a_lost_connection(site):
    with lease(site.url, Lease.REFRESHER) as held, site.database.owner() as connection:
        assert held is not None
        assert not is_held(held, Lease.FULL_REFRESH)
        connection.execute("select pg_terminate_backend(%s, 10000)", [held.info.backend_pid])
        with pytest.raises(Unavailable):
            is_held(held, Lease.FULL_REFRESH)


def test_each_build_of_a_table_is_recorded_and_none_where_nothing_landed(site, monkeypatch):
    monkeypatch.setattr(service, "_this_hour", lambda: NOON)
    refresher = site.refresher()
    for _ in range(2):
        site.land()
        assert refresher.refresh_once()
    assert refresher.refresh_once()
    builds = site.builds()
    assert builds["silver/events"]["builds"] == 2
    assert builds["silver/events"]["rows_written"] >= 3
    assert builds["silver/events"]["lake_version"] == site.lake.version("silver/events")
    assert builds["gold/productivity_daily"]["broken_rules"] == {}


def test_the_first_refresh_of_an_hour_reports_tables_that_did_not_change(site, monkeypatch):
    monkeypatch.setattr(service, "_this_hour", lambda: NOON)
    site.land()
    assert site.refresher().refresh_once()
    another = site.refresher()
    assert another.refresh_once()
    assert another.refresh_once()
    assert site.builds()["gold/productivity_daily"]["builds"] == 2
    monkeypatch.setattr(service, "_this_hour", lambda: NOON + timedelta(hours=1))
    assert another.refresh_once()
    assert site.builds()["gold/productivity_daily"]["builds"] == 3


def test_it_waits_for_the_end_of_a_full_refresh(site, monkeypatch):
    monkeypatch.setattr(service, "STANDBY_SECONDS", 0.05)
    refresher, looked = site.refresher(), threading.Event()
    is_due = refresher.is_due

    def look(_):
        looked.set()
        return is_due()

    monkeypatch.setattr(Refresher, "is_due", look)
    site.land()
    with full_refresh(site.url), running(refresher):
        for _ in range(3):  # it looks, and looks again
            looked.clear()
            assert looked.wait(PATIENCE)
        assert not site.is_refreshed()
    with running(refresher):
        until(site.is_refreshed)


def test_a_new_hour_is_a_reason_to_refresh_without_events(site, monkeypatch):
    refresher = site.refresher()
    site.land()
    assert refresher.refresh_once()
    assert not refresher.is_due()
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(hours=1))
    assert refresher.is_due()

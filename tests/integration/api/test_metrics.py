"""The figures for Prometheus: how far events have come, and how old the lake is."""

from dataclasses import replace
from uuid import UUID

import pytest

from focusflow.database.session import Role
from focusflow.identity import new_id
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake
from ingestion.landing.service import open_ingestion
from pipelines.engine import silver
from reports.insights.accounts import plan_call, write


def figures(http):
    """By name and labels."""
    lines = [line.rpartition(" ") for line in http.get("/metrics").text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, _, value in lines}


@pytest.fixture
def lake(http):
    return Lake(http.app.state.services.settings.lake_location)


def test_events_are_counted_at_each_stage_of_their_way(http, database, lake, me):
    me.task("Write to Ada")
    before = figures(http)
    assert before["focusflow_outbox_waiting"] >= 1
    buckets = http.app.state.services.settings.buckets
    open_ingestion(database, lake, buckets=buckets, rows=1_000, age_seconds=0).drain()
    landed = figures(http)
    accepted = landed['focusflow_events{stage="accepted"}']
    assert accepted > before['focusflow_events{stage="accepted"}']
    assert landed['focusflow_events{stage="landed"}'] == accepted
    assert landed["focusflow_outbox_waiting"] == 0
    assert before['focusflow_backlog_events{stage="sequencing"}'] >= 1
    assert landed['focusflow_backlog_events{stage="landing"}'] == 0
    assert landed['focusflow_backlog_events{stage="refreshing"}'] == accepted
    assert landed['focusflow_backlog_age_seconds{stage="refreshing"}'] >= 0
    assert 0 <= landed[f'focusflow_lake_age_seconds{{table="{RAW_EVENTS.name}"}}'] < 600
    silver.load_incremental(lake, duckdb_session(), buckets)
    refreshed = figures(http)
    assert refreshed['focusflow_events{stage="refreshed"}'] == accepted
    assert refreshed['focusflow_events{stage="quarantined"}'] == 0
    assert refreshed[f'focusflow_lake_commits{{table="{silver.EVENTS.name}"}}'] >= 1


def test_calendars_are_counted_and_one_that_nobody_synchronizes_is_seen(http, database, me):
    before = figures(http)
    for number in range(3):
        made = me.call("POST", "/calendar/connections", {"kind": "ics", "url": f"https://example.com/{number}.ics"})
        fields = ("next_sync_at = next_sync_at - interval '2 hours'", "failures = 1", "is_paused = true")[number]
        with database.owner() as connection:
            connection.execute(f"update calendar_connections set {fields} where id = %s", [made.json()["id"]])
    after = figures(http)
    for status in ("ok", "failing", "paused"):
        name = f'focusflow_calendar_connections{{status="{status}"}}'
        assert after[name] == before[name] + 1
    assert after["focusflow_calendar_sync_overdue_seconds"] >= 7200


def test_answers_of_the_ai_service_that_were_not_used_are_counted(http, database, me):
    written = plan_call({"day": "2026-11-30"})
    with database.transaction(Role.REPORTING) as tx:
        for number, status in enumerate(("written", "rejected", "failed", "failed")):
            write(
                tx, new_id(), UUID(me.id), replace(written, model="small", status=status, request_hash=f"{number:064}")
            )
    counted = figures(http)
    assert [counted[f'focusflow_ai_answers{{status="{status}"}}'] for status in ("written", "rejected", "failed")] == [
        1,
        1,
        2,
    ]


def test_the_sizes_the_version_and_the_connections_are_there(http, me):
    me.task("Write to Ada")
    seen = figures(http)
    assert seen["focusflow_users"] >= 1
    assert seen["focusflow_open_tasks"] >= 1
    assert seen['focusflow_database_connections{state="open"}'] >= 1
    assert seen['focusflow_reports{status="unknown"}'] == 0
    assert sum(value for name, value in seen.items() if name.startswith("focusflow_build_info{")) == 1

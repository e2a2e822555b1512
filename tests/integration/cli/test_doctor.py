"""`focusflow doctor` and `focusflow status` on a database and a lake of their own."""

import json
import socket
from datetime import timedelta
from functools import partial

import pyarrow as pa
import pytest
from click.testing import CliRunner

from cli import diagnostics
from cli.diagnostics import examine
from cli.main import commands
from cli.supervisor.lock import locked
from focusflow import clock
from focusflow.database.session import Role
from focusflow.lake.tables import RAW_EVENTS, Lake
from focusflow.settings import Settings
from tests import aiservice
from tests.aiservice import Service
from tests.conftest import add_user


@pytest.fixture
def settings(tmp_path, database_url):
    return Settings(home=tmp_path / "home", database_url=database_url, _env_file=None)


@pytest.fixture
def landed(settings) -> Lake:
    """A lake with one event."""
    lake = Lake.of(settings)
    event = {"bucket": 0, "log_offset": 0, "id": "1", "value": b"{}"}
    lake.open(RAW_EVENTS).append(pa.Table.from_pylist([event], RAW_EVENTS.schema), positions={})
    return lake


def found(settings, subject):
    (finding,) = (each for each in examine(settings) if each.subject == subject)
    return finding


def test_a_sound_installation_has_nothing_wrong(settings, landed):
    findings = list(examine(settings))
    assert [each for each in findings if not each.is_well and not each.subject.startswith("port")] == []
    assert found(settings, "lake").seen == "rows: raw/events 1"


def test_a_secret_that_others_can_read_is_found(settings):
    assert settings.signing_key
    (settings.home / "secrets" / "signing-key").chmod(0o644)
    finding = found(settings, "secrets")
    assert finding.advice.startswith("Run: chmod go= ")
    assert "signing-key" in finding.advice
    assert settings.signing_key not in finding.advice


def test_a_lake_with_a_lost_file_is_found(settings, landed):
    for file in (settings.home / "lake").rglob("*.parquet"):
        file.unlink()
    finding = found(settings, "table raw/events")
    assert finding.seen.endswith("is missing")
    assert finding.advice == "Run: focusflow verify --deep --repair"


def test_a_log_entry_that_changed_is_found(settings, landed):
    entry = settings.home / "lake" / "raw" / "events" / "_delta_log" / f"{1:020}.json"
    entry.write_text(entry.read_text().replace('"numRecords\\":1', '"numRecords\\":2'))
    assert found(settings, "table raw/events").seen == f"the log entry _delta_log/{1:020}.json has other content"


def test_a_database_that_ends_before_the_lake_is_found(settings, landed):
    landed.open(RAW_EVENTS).append(RAW_EVENTS.schema.empty_table(), positions={"bucket-0": 7})
    finding = found(settings, "database and lake")
    assert finding.advice.startswith("The database is older than the lake: bucket 0 ends at 0, and 7 events")


def test_a_full_disk_is_found(settings, monkeypatch):
    monkeypatch.setattr(diagnostics, "FREE_BYTES", 1 << 62)
    assert not found(settings, "disk").is_well


def test_a_clock_that_is_off_is_found(settings, monkeypatch):
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() - timedelta(seconds=30))
    finding = found(settings, "clocks")
    assert "30.0 s" in finding.seen
    assert not finding.is_well


def test_a_model_that_ends_or_that_the_service_does_not_offer_is_found(settings):
    server = Service()
    with aiservice.running(server) as address:
        served = {"openai_base_url": address, "ai_retries": 0}
        assert found(settings.model_copy(update=served | {"ai_model": "small"}), "AI model").is_well
        unknown = found(settings.model_copy(update=served | {"ai_model": "other"}), "AI model")
        assert (unknown.seen, "small" in unknown.advice) == ("the service does not offer other", True)
    away = found(settings.model_copy(update=served | {"ai_model": "small"}), "AI model")
    assert away.advice == "Check OPENAI_BASE_URL and OPENAI_API_KEY."
    ending = found(settings.model_copy(update=served | {"ai_model": "gpt-4o-mini"}), "AI model")
    assert "on 14 January 2027" in ending.seen


@pytest.mark.parametrize(("used", "is_well"), [(3, True), (0, False)])
def test_answers_of_the_ai_service_that_are_not_used_are_found(used, is_well):
    rows = [
        {"is_used": False, "count": 2, "reason": "cut off"},
        *([{"is_used": True, "count": used, "reason": None}] if used else []),
    ]
    finding = diagnostics._ai_answers(rows)
    assert (finding.is_well, f"2 of {used + 2}" in finding.seen, "cut off" in finding.seen) == (is_well, True, True)


def test_a_usual_port_that_is_taken_is_no_fault(settings, monkeypatch):
    monkeypatch.setattr(diagnostics, "is_free", lambda *_: False)
    finding = found(settings, "port of api")
    assert finding.is_well
    assert "the next free one will be used" in finding.seen


def test_a_port_that_was_asked_for_and_is_taken_is_a_fault(settings):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = settings.model_copy(update={"api_port": listener.getsockname()[1]})
        assert "FOCUSFLOW_API_PORT" in found(taken, "port of api").advice


def test_a_port_that_focusflow_itself_uses_is_no_fault(settings):
    settings.home.mkdir()
    with locked(settings.home) as lock:
        lock.announce({"api": "http://127.0.0.1:8000"}, {})
        assert found(settings, "port of api").seen == "http://127.0.0.1:8000, in use by FocusFlow itself"


def test_status_tells_how_much_there_is_and_how_fresh_it_is(settings, landed, database, monkeypatch):
    add_user(database)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(settings.home))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", settings.database_url.get_secret_value())
    told = json.loads(CliRunner().invoke(commands, ["status", "--json"], catch_exceptions=False).output)
    assert told["counts"] == {
        "people": 1,
        "open_tasks": 0,
        "events": 0,
        "failed_attempts": 0,
        "reports_late": 0,
        "reports_unknown": 0,
        "reports_overlooked": 0,
    }
    assert told["last_landed"].startswith("20")
    assert told["ai_answers_not_used"] == 0
    assert told["last_gold"] is None
    assert told["running"] is False


def test_status_tells_what_failed_for_users_and_since_when_no_email_is_taken(settings, database, monkeypatch):
    user = add_user(database)
    with database.transaction(Role.REPORTING) as tx:
        tx.run(
            "insert into failed_attempts (user_id, work, item, attempts, failed_at, reason)"
            " values (%(user)s, 'report', 'weekly', 9, clock_timestamp(), 'bad data')",
            {"user": user},
        )
        tx.run(
            "insert into mail_outage (id, began_at, attempts, next_attempt_at, reason)"
            " values (1, '2026-11-30 08:00+00', 2, '2026-11-30 08:30+00', 'the mail server cannot be reached')"
        )
    monkeypatch.setenv("FOCUSFLOW_HOME", str(settings.home))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", settings.database_url.get_secret_value())
    try:
        run = partial(CliRunner().invoke, commands, catch_exceptions=False)
        told, shown = json.loads(run(["status", "--json"]).output), run(["status"]).output
    finally:
        with database.transaction(Role.REPORTING) as tx:
            tx.run("delete from mail_outage")
    assert told["counts"]["failed_attempts"] == 1
    assert told["mail_outage"]["reason"] == "the mail server cannot be reached"
    assert "paused since 2026-11-30 08:00 UTC, tried again at 08:30: the mail server cannot be reached" in " ".join(
        shown.split()
    )

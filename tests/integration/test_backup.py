"""A backup is made while everything runs, and what is restored from it goes on without a loss."""

import base64
import threading

import psycopg
import pytest
from alembic import command as alembic
from click.testing import CliRunner

from cli.main import commands
from focusflow.backup import FILES, backups
from focusflow.backup_files import BackupDamaged
from focusflow.backup_places import FolderPlace
from focusflow.database.alembic_runner import schema_config, schema_connection
from focusflow.database.migrate import BackupNeeded, newest_revision, revision_of
from focusflow.database.session import Database, Role
from focusflow.errors import Problem, SetupProblem
from focusflow.identity import new_id
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from ingestion.landing.service import open_ingestion
from ingestion.reconciliation import count, judge
from pipelines.engine import silver
from tests.conftest import BUCKETS, add_user, database_of
from tests.integration.ingestion.conftest import raw_rows_of, write_events

#: The signing key, and one that was replaced.
KEYS = f"{'k' * 64}\n2026-01-01T00:00:00+00:00 {'o' * 64}"


@pytest.fixture
def run(monkeypatch):
    """Runs a command on a home and a database."""

    def command(home, url, *arguments):
        monkeypatch.setenv("FOCUSFLOW_HOME", str(home))
        monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", url)
        return CliRunner().invoke(commands, arguments, catch_exceptions=False)

    return command


@pytest.fixture
def empty_url(server_url):
    """A database without a schema."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        yield database_of(server_url, name)
        connection.execute(f'drop database "{name}" with (force)')


class Home:
    """A home with accounts whose events are landed and refreshed."""

    def __init__(self, folder, database, url):
        self.folder, self.database, self.url = folder, database, url
        self.lake = Lake(str(folder / "lake"))
        self.user = add_user(database)
        (folder / "secrets").mkdir(parents=True)
        (folder / "secrets" / "signing-key").write_text(KEYS)

    def accept(self, events=3):
        write_events(self.database, self.user, events)

    def land(self):
        open_ingestion(self.database, self.lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()

    def refresh(self):
        silver.load_incremental(self.lake, duckdb_session(), BUCKETS)


@pytest.fixture
def home(tmp_path, database, database_url):
    made = Home(tmp_path / "home", database, database_url)
    made.accept()
    made.land()
    made.refresh()
    return made


def accepted(database):
    with database.transaction(Role.INGESTION) as tx:
        return {row["id"] for row in tx.all("select value::json ->> 'id' as id from outbox")}


def test_what_is_restored_has_every_account_and_goes_on_where_the_backup_was_made(run, home, tmp_path, empty_url):
    stop = threading.Event()

    def keep_writing():
        while not stop.is_set():
            home.accept()
            home.land()

    writing = threading.Thread(target=keep_writing)
    writing.start()
    try:
        assert run(home.folder, home.url, "backup", str(tmp_path / "backups")).exit_code == 0
    finally:
        stop.set()
        writing.join(30)
    restored = run(tmp_path / "restored", empty_url, "restore", str(tmp_path / "backups"))
    assert restored.exit_code == 0, restored.output
    assert "Nothing is lost, nothing is doubled" in restored.output
    assert (tmp_path / "restored/secrets/signing-key").read_text() == KEYS
    lake = Lake(str(tmp_path / "restored" / "lake"))
    with Database(empty_url, connections=2) as database:
        open_ingestion(database, lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()
        silver.load_incremental(lake, duckdb_session(), BUCKETS)
        verdict = judge(count(database, lake))
        assert verdict.is_sound, verdict.sentence
        assert {row[2] for row in raw_rows_of(lake)} == accepted(database)
        with database.transaction(Role.REPORTING) as tx:
            assert tx.one("select from users where id = %(id)s", {"id": home.user}) is not None


def test_an_older_backup_does_not_bring_an_erased_user_back(run, home, tmp_path, empty_url, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_ERASURE_WAIT_HOURS", "0")
    stays = add_user(home.database)
    write_events(home.database, stays, 2)
    home.land()
    home.refresh()
    place = str(tmp_path / "backups")
    assert run(home.folder, home.url, "backup", place).exit_code == 0
    erased = run(home.folder, home.url, "erase", str(home.user), "--yes")
    assert erased.exit_code == 0, erased.output
    assert run(home.folder, home.url, "backup", place).exit_code == 0
    (old, _) = [each.name for each in backups(FolderPlace(tmp_path / "backups"))]
    restored = run(tmp_path / "restored", empty_url, "restore", place, "--name", old)
    assert restored.exit_code == 0, restored.output
    assert "1 users whose erasure was due or done since are erased" in restored.output
    with Database(empty_url, connections=2) as database, database.transaction(Role.AUTH) as tx:
        assert [
            row["id"] for row in tx.all("select id from users where id = any(%(ids)s)", {"ids": [home.user, stays]})
        ] == [stays]
    lake = Lake(str(tmp_path / "restored" / "lake"))
    values = b"".join(row[0] for row in raw_rows_of(lake, "value"))
    assert str(home.user).encode() not in values
    assert str(stays).encode() in values


def test_the_next_backup_copies_new_files_only_and_old_ones_are_cleared_away(run, home, tmp_path):
    place = tmp_path / "backups"
    run(home.folder, home.url, "backup", str(place))
    first = {path: path.stat().st_mtime_ns for path in (place / FILES).rglob("*.parquet")}
    home.accept()
    home.land()
    run(home.folder, home.url, "backup", str(place))
    both = list((place / FILES).rglob("*.parquet"))
    assert {path: path.stat().st_mtime_ns for path in both if path in first} == first
    assert len(both) > len(first)
    assert run(home.folder, home.url, "backup", str(place), "--keep", "1").exit_code == 0
    (kept,) = backups(FolderPlace(place))
    assert run(home.folder, home.url, "restore", str(place), "--check").exit_code == 0
    needed = {path for path in kept.digests if path.startswith(FILES)}
    assert {path.relative_to(place).as_posix() for path in (place / FILES).rglob("*.parquet")} == needed


def test_a_backup_that_changed_on_its_disk_is_refused_by_name_and_nothing_is_restored(run, home, tmp_path, empty_url):
    place = tmp_path / "backups"
    run(home.folder, home.url, "backup", str(place))
    damaged = next((place / FILES).rglob("*.parquet"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(Exception, match=damaged.name):
        run(tmp_path / "restored", empty_url, "restore", str(place))
    assert not (tmp_path / "restored" / "lake").exists()
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("select to_regclass('users')").fetchone() == (None,)


def test_a_home_with_data_is_never_overwritten(run, home, tmp_path, empty_url):
    place = tmp_path / "backups"
    run(home.folder, home.url, "backup", str(place))
    with pytest.raises(SetupProblem, match="There is a lake"):
        run(home.folder, empty_url, "restore", str(place))
    with pytest.raises(SetupProblem, match="has tables already"):
        run(tmp_path / "restored", home.url, "restore", str(place))
    assert accepted(home.database)
    assert raw_rows_of(home.lake)


def test_status_says_when_the_last_backup_was_made(run, home, tmp_path):
    assert "Back up your data: run `focusflow backup FOLDER`." in run(home.folder, home.url, "status").output
    run(home.folder, home.url, "backup", str(tmp_path / "backups"))
    said = run(home.folder, home.url, "status").output
    assert "Back up your data" not in said
    assert str(tmp_path / "backups") in said


KEY = base64.b64encode(b"k" * 32).decode()


def test_an_encrypted_backup_says_nothing_without_its_key_and_is_restored_with_it(
    run, home, tmp_path, empty_url, monkeypatch
):
    place = tmp_path / "backups"
    run(home.folder, home.url, "backup", str(place))
    monkeypatch.setenv("FOCUSFLOW_BACKUP_KEY", KEY)
    assert run(home.folder, home.url, "backup", str(place), "--keep", "1").exit_code == 0
    assert not list((place / FILES).rglob("*.parquet"))
    content = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    for plain in (b"PAR1", b"PGDMP", b"commitInfo", b"k" * 64, str(home.user).encode()):
        assert plain not in content
    for wrong in (None, base64.b64encode(b"x" * 32).decode()):
        monkeypatch.delenv("FOCUSFLOW_BACKUP_KEY") if wrong is None else monkeypatch.setenv(
            "FOCUSFLOW_BACKUP_KEY", wrong
        )
        with pytest.raises(Problem, match=r"FOCUSFLOW_BACKUP_KEY|another key"):
            run(tmp_path / "restored", empty_url, "restore", str(place))
    assert not (tmp_path / "restored" / "lake").exists()
    monkeypatch.setenv("FOCUSFLOW_BACKUP_KEY", KEY)
    assert run(tmp_path / "restored", empty_url, "restore", str(place)).exit_code == 0
    assert {row[2] for row in raw_rows_of(Lake(str(tmp_path / "restored" / "lake")))} == accepted(home.database)


def test_another_key_needs_another_folder(run, home, tmp_path, monkeypatch):
    place = tmp_path / "backups"
    monkeypatch.setenv("FOCUSFLOW_BACKUP_KEY", KEY)
    run(home.folder, home.url, "backup", str(place))
    monkeypatch.setenv("FOCUSFLOW_BACKUP_KEY", base64.b64encode(b"x" * 32).decode())
    with pytest.raises(BackupDamaged, match=r"another key\. Back up into a new folder"):
        run(home.folder, home.url, "backup", str(place))
    assert len(backups(FolderPlace(place))) == 1
    assert run(home.folder, home.url, "backup", str(tmp_path / "others")).exit_code == 0


def test_an_upgrade_waits_for_a_backup_of_the_older_schema(run, home, tmp_path, empty_url):
    with schema_connection(empty_url, 60) as connection:
        alembic.upgrade(schema_config(connection), "head-1")
    folder = tmp_path / "older"
    with pytest.raises(BackupNeeded, match="focusflow backup FOLDER"):
        run(folder, empty_url, "verify")
    assert revision_of(empty_url) != newest_revision()
    assert run(folder, empty_url, "backup", str(tmp_path / "backups")).exit_code == 0
    (made,) = backups(FolderPlace(tmp_path / "backups"))
    assert made.schema == revision_of(empty_url) != newest_revision()
    run(folder, empty_url, "verify")
    assert revision_of(empty_url) == newest_revision()

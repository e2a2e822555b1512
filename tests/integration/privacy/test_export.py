"""An export holds everything about its user and nothing about anybody else."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest

from focusflow import clock
from focusflow.database.session import Role
from focusflow.errors import NotFound
from focusflow.mail import Files, composed
from pipelines.engine import descriptions
from pipelines.privacy.export import README, Exporter
from pipelines.privacy.exports import Exports
from tests.integration.privacy.conftest import World

pytestmark = pytest.mark.timeout(400)  # a refresh of all tables takes as long as the machine lets it

TABLES_WITH_USERS = """
    select distinct table_name from information_schema.columns
    where table_schema = 'public' and column_name = 'user_id'
      and not (select relispartition from pg_class where oid = format('public.%I', table_name)::regclass)"""


def read(path_or_bytes):
    source = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    with zipfile.ZipFile(source) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def exported(world, busy, tmp_path):
    """The files of an export of one of two users, and both."""
    ada, bob = busy("chrysanthemum"), busy("rhododendron")
    world.refresh()
    mails = Files(world.settings.home / "mails")
    for user in (ada, bob):
        mails.send(composed(world.settings, user.email, "Welcome", f"Hello {user.email}"))
    path = tmp_path / "ada.zip"
    world.exporter.write(UUID(ada.id), path, clock.now())
    assert path.stat().st_mode & 0o777 == 0o600
    return read(path), ada, bob


def test_it_has_every_table_with_a_user_and_explains_each(exported, database):
    files, ada, bob = exported
    with database.owner() as connection:
        tables = {row["table_name"] for row in connection.execute(TABLES_WITH_USERS).fetchall()} | {"users"}
    lake = {each.sql_name for each in descriptions.TABLES if each.is_personal or each.has_personal_text}
    names = {f"account/{name}" for name in tables} | {f"analytics/{name}" for name in lake}
    emails = {name for name in files if name.startswith("emails/")}
    assert set(files) == {f"{name}.{form}" for name in names for form in ("json", "csv")} | emails | {README}
    readme = files[README].decode()
    assert [name for name in names if f"\n{name}: " not in readme] == []
    for table in descriptions.TABLES:
        assert table.sql_name not in lake or table.description in readme

    # What the user wrote and what was computed of it is there, and nothing of another user.
    filled = {
        "account/tasks", "account/goals", "account/habits", "account/audit_log", "account/refresh_tokens",
        "account/priority_scores", "account/published_rows", "account/outbox", "analytics/raw.events",
        "analytics/silver.events", "analytics/silver.task_history", "analytics/gold.productivity_daily",
    }  # fmt: skip
    for name in filled:
        assert json.loads(files[f"{name}.json"]), name
    assert len(emails) == 1
    everything = b"\n".join(files.values())
    assert ada.email.encode() in everything
    for secret in (bob.id, bob.email, "rhododendron", "$argon2id$"):
        assert secret.encode() not in everything

    # JSON and CSV hold the same rows, and no cell of the CSV is a formula.
    tasks = json.loads(files["account/tasks.json"])
    rows = list(csv.DictReader(io.StringIO(files["account/tasks.csv"].decode())))
    assert [row["id"] for row in rows] == [task["id"] for task in tasks]
    assert {task["title"] for task in tasks} == {"=Write chrysanthemum", "Call chrysanthemum"}
    assert {row["title"] for row in rows} == {"'=Write chrysanthemum", "Call chrysanthemum"}
    assert json.loads(rows[0]["tags"]) == tasks[0]["tags"]


def test_a_user_asks_for_it_waits_and_downloads_it(world, busy):
    ada, bob = busy("aster"), busy("clover")
    assert ada.call("GET", "/me/export").status_code == 404
    assert ada.call("GET", "/me/export/download").status_code == 404
    asked = ada.call("POST", "/me/export")
    assert asked.status_code == 202
    assert asked.json()["status"] == "requested"
    assert ada.call("POST", "/me/export").json()["created_at"] == asked.json()["created_at"]
    assert ada.call("GET", "/me/export/download").status_code == 404
    exports = Exports(world.database, world.settings)
    assert exports.are_waiting()
    assert exports.write_requested(world.exporter) == {"written": 1, "failed": 0}
    assert not exports.are_waiting()
    status = ada.call("GET", "/me/export").json()
    answer = ada.call("GET", "/me/export/download")
    assert answer.headers["content-type"] == "application/zip"
    assert status["status"] == "ready"
    assert status["bytes"] == len(answer.content)
    assert b"aster" in read(answer.content)["account/tasks.json"]
    assert bob.call("GET", "/me/export/download").status_code == 404
    with world.database.transaction(Role.AUTH) as tx:
        log = tx.all(
            "select action from audit_log where user_id = %(id)s and entity = 'export' order by at", {"id": ada.id}
        )
    assert [row["action"] for row in log] == ["export.requested", "export.downloaded"]


def test_a_user_can_ask_for_five_exports_in_24_hours(world, busy):
    ada = busy("fern")
    for _ in range(5):
        assert ada.call("POST", "/me/export").status_code == 202
        with world.database.owner() as connection:
            connection.execute("update exports set status = 'expired' where user_id = %s", [ada.id])
    assert ada.call("POST", "/me/export").json()["type"] == "/problems/too-many-exports"
    with world.database.owner() as connection:
        connection.execute("update exports set created_at = created_at - interval '1 day' where user_id = %s", [ada.id])
    assert ada.call("POST", "/me/export").status_code == 202


def test_an_expired_export_is_deleted(world, busy):
    ada = busy("daisy")
    ada.call("POST", "/me/export")
    exports = Exports(world.database, world.settings)
    exports.write_requested(world.exporter)
    assert exports.delete_expired() == 0
    with world.database.owner() as connection:
        connection.execute("update exports set expires_at = %s", [clock.now() - timedelta(seconds=1)])
    assert ada.call("GET", "/me/export/download").status_code == 404
    assert exports.delete_expired() >= 1
    assert list(world.settings.exports_folder.glob("*.zip")) == []
    assert ada.call("GET", "/me/export").json()["status"] == "expired"


def test_an_export_that_fails_is_tried_again_and_then_given_up(world, busy):
    ada = busy("iris")
    ada.call("POST", "/me/export")
    exports = Exports(world.database, world.settings)

    class Broken(Exporter):
        def write(self, *_):
            raise OSError("no room")

    broken = Broken(world.database, world.lake, world.exporter.session, world.settings.home, 1)
    for _ in range(2):
        assert exports.write_requested(broken) == {"written": 0, "failed": 1}
        assert ada.call("GET", "/me/export").json()["status"] == "requested"
    exports.write_requested(broken)
    assert ada.call("GET", "/me/export").json()["status"] == "failed"
    assert ada.call("POST", "/me/export").json()["status"] == "requested"


def test_five_can_be_asked_for_in_a_day(world, new_user):
    ada = new_user()
    exports = Exports(world.database, world.settings)
    for _ in range(5):
        assert ada.call("POST", "/me/export").status_code == 202
        exports.write_requested(world.exporter)
    assert ada.call("POST", "/me/export").status_code == 409


def test_an_operator_exports_a_user_by_their_address(world, busy, tmp_path, database_url):
    ada = busy("tulip")
    path = tmp_path / "out.zip"
    environment = os.environ | {"FOCUSFLOW_HOME": str(world.settings.home), "FOCUSFLOW_DATABASE_URL": database_url}

    def run(user):
        command = [sys.executable, "-m", "focusflow", "export", user, "--output", str(path)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    done = run(ada.email.upper())
    assert done.returncode == 0, done.stderr
    assert "README.txt" in done.stdout
    assert b"tulip" in read(path)["account/tasks.json"]
    missing = run("nobody@example.com")
    assert missing.returncode == 1
    assert missing.stderr.endswith("focusflow: No account has the email address or id nobody@example.com.\n")


def test_nobody_is_exported_who_is_not_there(world: World, tmp_path):
    with pytest.raises(NotFound):
        world.exporter.write(UUID(int=1), tmp_path / "nobody.zip", clock.now())
    assert list(tmp_path.iterdir()) == []

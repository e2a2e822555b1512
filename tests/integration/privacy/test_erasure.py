"""An erased user is nowhere, and everything else is as if they had never been there."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import orjson
import pyarrow.parquet as pq
import pytest

from focusflow import clock
from focusflow.database import outbox
from focusflow.database.audit_chain import AuditChain
from focusflow.database.session import Role
from focusflow.erasure import user_hash
from focusflow.identity import bucket_of, new_id
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, duckdb_connection
from focusflow.mail import Files, composed
from ingestion.landing.lander import raw_rows
from ingestion.landing.service import open_ingestion
from ingestion.outbox.source import Run
from ingestion.reconciliation import count, judge
from pipelines.engine import descriptions
from pipelines.privacy import certificates
from pipelines.privacy.erasure import Eraser
from pipelines.privacy.erasures import Erasures
from tests.conftest import BUCKETS
from tests.integration.api.conftest import PASSWORD
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a refresh of all tables takes as long as the machine lets it


def eraser(world, **settings):
    wanted = world.settings.model_copy(update={"erasure_wait_hours": 0} | settings)
    return Eraser(world.database, world.lake, duckdb_session(), wanted)


def erase(world, user, **settings):
    erasure_id = Erasures(world.database).request(UUID(user.id))
    return erasure_id, eraser(world, **settings).erase(erasure_id)


def environment(world, url):
    """For a command over the same installation."""
    return os.environ | {
        "FOCUSFLOW_HOME": str(world.settings.home),
        "FOCUSFLOW_DATABASE_URL": url,
        "FOCUSFLOW_ERASURE_WAIT_HOURS": "0",
    }


def bytes_of(path):
    """What a file says, decompressed where it is Parquet."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        rows = pq.ParquetFile(path).read().to_pylist()
        content += repr(rows).encode()
    return content


def places_with(folder, *needles):
    """The files under a folder that hold one of some texts."""
    wanted, found = [needle.encode() for needle in needles], []
    for path in filter(Path.is_file, folder.rglob("*")):
        content = bytes_of(path)
        if any(each in content for each in wanted):
            found.append(str(path.relative_to(folder)))
    return found


def postgres_folders(database):
    """The files of this database, those that all databases share, and the write-ahead log, as they are on the disk."""
    with database.autocommit() as connection:
        connection.execute("checkpoint")
        row = connection.execute(
            "select current_setting('data_directory') as data, oid from pg_database where datname = current_database()"
        ).fetchone()
    return [Path(row["data"]) / each for each in (f"base/{row['oid']}", "global", "pg_wal")]


def leave_traces(world, user, word):
    """Outside of tables, where identifiers get by logs, pages and emails."""
    home = world.settings.home
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / "api.log").write_text(f"user {user.id} of {user.email}\nall is well\n")
    (home / "data-docs").mkdir(exist_ok=True)
    (home / "data-docs" / "index.html").write_text(f"<p>{user.id}</p>")
    (home / "dagster").mkdir(exist_ok=True)
    with sqlite3.connect(home / "dagster" / "runs.db") as runs:
        runs.execute("create table if not exists event_logs (id integer primary key, event text)")
        runs.execute("insert into event_logs (event) values (?)", [orjson.dumps({"user": user.id}).decode()])
    runs.close()
    Files(home / "mails").send(composed(world.settings, user.email, f"Hello {word}", f"Hello {user.email}"))


def test_nothing_of_an_erased_user_is_left_and_the_rest_is_as_it_was(world, busy):
    ada, bob = busy("chrysanthemum"), busy("rhododendron")
    assert ada.call("POST", "/me/export").status_code == 202
    world.refresh()
    world.land()
    ada.task("unsequenced chrysanthemum")
    AuditChain(world.settings, world.database).seal()
    leave_traces(world, ada, "chrysanthemum")
    bobs = {table: rows_about(world, table, bob) for table in personal_tables()}
    traces = (ada.id, UUID(ada.id).hex, ada.email, "chrysanthemum")
    assert places_with(world.settings.home, *traces)

    erasure_id, status = erase(world, ada)

    assert status == "done"
    world.refresh()
    verdict = judge(count(world.database, world.lake))
    assert verdict.is_sound, verdict.sentence
    assert sum(each.erased for each in verdict.buckets) >= 10
    assert places_with(world.settings.home, *traces) == []
    assert (world.settings.home / "logs" / "api.log").read_text().endswith("\nall is well\n")
    assert [places_with(folder, *traces) for folder in postgres_folders(world.database)] == [[], [], []]
    for table, rows in bobs.items():
        assert len(rows_about(world, table, bob)) == len(rows), table
    assert bob.call("GET", "/tasks").json()["items"]
    assert ada.call("GET", "/me").status_code == 401
    audited = AuditChain(world.settings, world.database).verify()
    assert audited.is_intact, audited.sentence
    assert audited.redacted >= 1
    certificate = Erasures(world.database).certificate(erasure_id)
    assert certificates.is_genuine(world.settings.keys, certificate)
    assert not certificates.is_genuine(world.settings.keys, certificate | {"erased": {}})
    assert certificate["user_hash"] == user_hash(UUID(ada.id))
    assert certificate["erased"]["raw/events"] >= 8


def personal_tables():
    return [table.full_name for table in descriptions.TABLES if table.is_personal]


def rows_about(world, table, user):
    pinned = world.lake.pinned(table)
    if pinned is None:
        return []
    return duckdb_connection().execute(f"from {pinned.scan()} where user_id = ?", [user.id]).fetchall()


def test_figures_about_all_users_are_those_without_the_erased_user(world, busy):
    bob = busy("aster")
    world.refresh()
    before = product(world)
    ada = busy("clover")
    world.refresh()
    assert product(world) != before
    assert erase(world, ada)[1] == "done"
    assert product(world) == before
    assert bob.call("GET", "/tasks").json()["items"]


def product(world):
    tables = [each for each in descriptions.BUILT_BY_QUERY if not each.is_personal and each.name != "uplift"]
    found = {}
    for table in tables:
        pinned = world.lake.pinned(table.full_name)
        found[table.name] = duckdb_connection().execute(f"from {pinned.scan()} order by all").fetchall()
    return found


def test_replayed_events_of_an_erased_user_do_not_come_back(world, busy):
    ada = busy("daisy")
    user_id = UUID(ada.id)
    world.load()
    erase(world, ada)
    event = outbox.event(
        "task.created", user_id=user_id, timezone="UTC", subject=new_id(), version=1,
        data={"title": "daisy again", "created_at": clock.now()}, recorded_at=clock.now(),
    )  # fmt: skip
    with world.database.transaction(Role.INGESTION) as tx:
        tx.run(
            "insert into outbox (event_id, user_id, bucket, value) values (%(id)s, %(user)s, %(bucket)s, %(value)s)",
            {
                "id": event.id,
                "user": user_id,
                "bucket": bucket_of(user_id, BUCKETS),
                "value": event.as_bytes().decode(),
            },
        )
    world.load()
    pinned = world.lake.open(RAW_EVENTS)
    (found,) = (
        duckdb_connection()
        .execute(f"from {pinned.scan()} select count(*) where contains(decode(value), 'daisy')")
        .fetchall()[0]
    )
    assert found == 0
    verdict = judge(count(world.database, world.lake))
    assert verdict.is_sound, verdict.sentence


def test_only_events_of_suppressed_users_are_replaced():
    ids = [new_id(), new_id()]
    values = [orjson.dumps({"id": "1", "type": "task.created", "userid": str(each).upper()}) for each in ids]
    values.append(b"\xff" + str(ids[0]).encode())
    rows = raw_rows(duckdb_session(), [Run(0, [0, 1, 2], values)], {user_hash(ids[0])}).to_pylist()
    assert [row["type"] for row in rows] == ["focusflow.erased", "task.created", None]
    assert [row["value"] for row in rows[1:]] == values[1:]


def test_a_user_erases_their_account_after_a_grace_period_and_can_change_their_mind(world, new_user):
    ada = new_user()
    assert ada.call("GET", "/me/erasure").status_code == 404
    assert ada.call("DELETE", "/me", {"password": "wrong password"}).status_code == 403
    asked = ada.call("DELETE", "/me", {"password": PASSWORD})
    assert asked.status_code == 202, asked.text
    due_at = asked.json()["due_at"]
    assert ada.call("DELETE", "/me", {"password": PASSWORD}).json() == asked.json()
    assert ada.call("GET", "/me").json()["erasure_due_at"] == due_at
    assert not eraser(world).are_due()
    assert ada.call("DELETE", "/me/erasure").status_code == 204
    assert ada.call("DELETE", "/me/erasure").status_code == 404
    assert ada.call("GET", "/me").json()["erasure_due_at"] is None

    ada.call("DELETE", "/me", {"password": PASSWORD})
    with world.database.owner() as connection:
        connection.execute("update erasures set due_at = now() where user_id = %s", [ada.id])
    assert eraser(world).are_due()
    assert eraser(world).run()["done"] == 1
    assert ada.call("GET", "/me").status_code == 401
    # The address is free again: nothing is known of who had it.
    with world.database.owner() as connection:
        assert connection.execute("select from users where email = %s", [ada.email]).fetchone() is None


def test_files_that_readers_have_open_stay_until_their_deadline(world, busy):
    ada = busy("iris")
    world.load()
    reader = world.lake.open(RAW_EVENTS)
    erasure_id, status = erase(world, ada, erasure_wait_hours=1)
    assert status == "purging"
    assert duckdb_connection().execute(f"from {reader.scan()} select count(*)").fetchall()[0][0]
    assert not eraser(world).are_due()
    purge_at = Erasures(world.database).one(erasure_id)["purge_at"]
    assert 59 <= (purge_at - clock.now()).total_seconds() / 60 <= 61
    assert places_with(Path(world.settings.lake_location), ada.id)
    with world.database.owner() as connection:
        connection.execute("update erasures set purge_at = now() where id = %s", [erasure_id])
    assert eraser(world).run()["done"] == 1
    assert places_with(Path(world.settings.lake_location), ada.id) == []


STEPS = (
    "anonymize_outbox",
    "erase_events",
    "delete_from_tables",
    "rebuild_aggregates",
    "delete_files",
    "delete_account",
    "_purge_lake",
    "_finish",
)

KILLED = """
import os, signal, sys
from pipelines.privacy.erasure import Eraser
step, moment = sys.argv[1:3]
work = getattr(Eraser, step)
def killed(*arguments):
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    work(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Eraser, step, killed)
from cli.main import commands
commands(["erase"], prog_name="focusflow")
"""


def test_a_killed_erasure_goes_on_where_it_was(world, busy, database_url):
    """One erasure, killed once before or after each of its steps: each run gets as far as its point."""
    ada = busy("tulip")
    world.load()
    erasure_id = Erasures(world.database).request(UUID(ada.id))
    for place, step in enumerate(STEPS):
        command = [sys.executable, "-c", KILLED, step, "before" if place % 2 else "after"]
        done = subprocess.run(
            command, env=environment(world, database_url), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == -signal.SIGKILL, (step, done.stderr)
    assert eraser(world).erase(erasure_id) == "done"
    world.load()
    assert places_with(world.settings.home, ada.id, ada.email, "tulip") == []
    verdict = judge(count(world.database, world.lake))
    assert verdict.is_sound, verdict.sentence


def test_erasures_that_are_killed_at_any_moment_are_finished(world, busy, database_url):
    draw, words, users = dice(19), [f"w{new_id().hex[-8:]}" for _ in range(sized(2, 50))], []
    for word in words:
        users.append(busy(word))
        world.load()
        Erasures(world.database).request(UUID(users[-1].id))
        command = [sys.executable, "-m", "focusflow", "erase"]
        work = subprocess.Popen(command, env=environment(world, database_url), stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            work.wait(draw.uniform(0.5, 8))
        work.kill()
        work.wait()
    eraser(world).run()
    world.load()
    assert places_with(world.settings.home, *words, *(user.id for user in users)) == []
    with world.database.owner() as connection:
        assert connection.execute("select from erasures where status not in ('done', 'cancelled')").fetchall() == []
    verdict = judge(count(world.database, world.lake))
    assert verdict.is_sound, verdict.sentence


def test_a_restored_database_does_not_bring_an_erased_user_back(world, busy):
    """As a backup from before the erasure would: the account and its events are there again, and the list is of later."""
    ada = busy("poppy")
    world.load()
    hashes = [user_hash(UUID(ada.id)), user_hash(new_id())]
    (begun,) = Erasures(world.database).suppress(hashes)
    assert ada.call("GET", "/me").status_code == 401
    assert eraser(world).erase(begun) == "done"
    world.load()
    assert places_with(Path(world.settings.lake_location), ada.id, "poppy") == []
    assert Erasures(world.database).suppress(hashes) == []
    assert set(hashes) <= set(certificates.suppressed_in(world.settings.erasures_folder)) | {hashes[1]}


def test_a_lander_that_read_an_event_before_does_not_land_it(world, busy, tmp_path):
    """The batch is read before the outbox is anonymized, and committed after it, as the first of its buckets."""
    ada, lake = busy("lily"), Lake(str(tmp_path))
    read, go_on = threading.Event(), threading.Event()
    ingestion = open_ingestion(world.database, lake, buckets=BUCKETS, rows=1_000, age_seconds=0)
    suppressed = ingestion.lander._suppressed

    def slowly():
        known = suppressed()
        if not read.is_set():
            read.set()
            assert go_on.wait(60)
        return known

    ingestion.lander._suppressed = slowly
    landing = threading.Thread(target=ingestion.drain)
    landing.start()
    assert read.wait(60)
    erasure_id = Erasures(world.database).request(UUID(ada.id))
    work = replace(eraser(world), lake=lake)
    row = work._row(erasure_id)
    work._begin(row)
    work.anonymize_outbox(work._subject(row))
    work.erase_events(work._subject(row))
    go_on.set()
    landing.join(60)
    landed = "select count(*) from " + lake.open(RAW_EVENTS).scan() + " where contains(decode(value), 'lily')"
    assert duckdb_connection().execute(landed).fetchall() == [(0,)]
    assert work.erase(erasure_id) == "done"
    assert places_with(Path(lake.url(RAW_EVENTS.name)), "lily") == []


def test_admins_see_erasures_and_their_certificates(world, new_user):
    ada, admin = new_user(), new_user()
    with world.database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [admin.id])
    erasure_id, _ = erase(world, ada)
    listed = admin.call("GET", "/admin/erasures").json()["items"]
    assert [each["status"] for each in listed if each["id"] == str(erasure_id)] == ["done"]
    certificate = admin.call("GET", f"/admin/erasures/{erasure_id}/certificate")
    assert certificate.json()["user_hash"] == user_hash(UUID(ada.id))
    assert certificates.is_genuine(world.settings.keys, Erasures(world.database).certificate(erasure_id))
    assert admin.call("GET", f"/admin/erasures/{new_id()}/certificate").status_code == 404


def test_an_operator_erases_and_gets_a_certificate(world, busy, database_url):
    ada = busy("violet")
    world.load()

    def run(*arguments):
        command = [sys.executable, "-m", "focusflow", "erase", *arguments]
        return subprocess.run(
            command, env=environment(world, database_url), capture_output=True, text=True, timeout=120, check=False
        )

    assert "account/tasks" in run(ada.email, "--dry-run").stdout
    assert ada.call("GET", "/me").status_code == 200
    done = run(ada.email, "--yes")
    assert done.returncode == 0, done.stderr
    erasure_id = done.stdout.split()[0]
    assert "certificate is signed" in done.stdout
    assert orjson.loads(run("--certificate", erasure_id).stdout)["id"] == erasure_id
    assert run(ada.email, "--yes").returncode == 1
    assert run().stdout == "Erasures: 0 done, 0 waiting for readers, 0 waiting for a backup.\n"

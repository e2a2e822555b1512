"""What tools of analysts can read: the published tables as views, users as pseudonyms, and nothing else of the database."""

import json
from datetime import date
from functools import partial

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from focusflow.database import analyst_logins
from focusflow.database.migrate import prepare
from focusflow.database.session import Database, Role
from pipelines.engine import analyst_views
from pipelines.engine.publish_tables import TABLES
from tests.conftest import add_user


@pytest.fixture
def run(tmp_path, monkeypatch, focusflow, database_url):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    return partial(focusflow, "analysts")


@pytest.fixture
def account(run, database):
    """An account that was just created, and its password."""
    password = run("create", "metabase").stdout.decode().strip()
    yield password
    run("drop", "metabase")


@pytest.fixture
def analyst(account, database_url):
    """A connection as the account is allowed to use the database. The server of the tests asks nobody for a password."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set session authorization metabase")
        connection.execute("set search_path = gold")
        yield connection


def publish(database: Database, table: str, row: dict[str, object], day: date, *, user=None, key=""):
    target = ("published_rows", "user_id, ") if user else ("published_product", "")
    values = [*([user] if user else []), table, day, key, json.dumps(row)]
    with database.owner() as connection:
        connection.execute(
            f"insert into {target[0]} ({target[1]}table_name, day, key, row) values ({', '.join(['%s'] * len(values))})",
            values,
        )


def test_days_are_read_in_columns_of_their_types_and_users_are_pseudonyms(database, analyst):
    ada, ben = add_user(database, "UTC"), add_user(database, "UTC")
    for user, minutes in ((ada, 30.5), (ben, 60)):
        publish(
            database, "productivity_daily", {"focus_minutes": minutes, "is_day_off": False}, date(2026, 3, 2), user=user
        )
        publish(
            database, "task_outcomes", {"completed_at": "2026-03-02T08:00:00Z"}, date(2026, 3, 1), user=user, key="a"
        )
    rows = analyst.execute(
        "select user_pseudonym, local_date, focus_minutes, is_day_off, completed_at at time zone 'UTC' as completed_at"
        " from productivity_daily join task_outcomes using (user_pseudonym) order by focus_minutes"
    ).fetchall()
    assert [(day, minutes, off, str(at)) for _, day, minutes, off, at in rows] == [
        (date(2026, 3, 2), 30.5, False, "2026-03-02 08:00:00"),
        (date(2026, 3, 2), 60, False, "2026-03-02 08:00:00"),
    ]
    pseudonyms = {row[0] for row in rows}
    assert len(pseudonyms) == 2
    assert not [each for each in pseudonyms if each in str(ada) + str(ben)]


def test_small_groups_are_left_out_and_platforms_together_are_not(database, analyst):
    day = date(2026, 3, 3)
    publish(database, "feature_usage", {"event_name": "ada_only", "users": 4, "events": 9}, day, key="a")
    publish(database, "feature_usage", {"event_name": "export", "users": 5, "events": 9}, day, key="b")
    publish(database, "app_activity", {"platform": "*", "mau": 2}, day, key="*")
    publish(database, "app_activity", {"platform": "watch", "mau": 2}, day, key="watch")
    publish(database, "retention", {"cohort": 4, "users": 9, "weeks_since": 1}, day, key="1")
    assert analyst.execute("select event_name from feature_usage").fetchall() == [("export",)]
    assert analyst.execute("select platform from app_activity").fetchall() == [("*",)]
    assert analyst.execute("select from retention").fetchall() == []


def test_every_published_table_is_a_view_with_its_columns_and_what_they_mean(analyst):
    rows = analyst.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'gold'"
    ).fetchall()
    expected = {
        (table.name, "user_pseudonym" if each.name == "user_id" else each.name)
        for table in TABLES
        for each in table.columns
        if each.name == table.day or each.name not in ("bucket", "month")
    }
    assert set(rows) == expected
    (meaning,) = analyst.execute("select obj_description('retention'::regclass)").fetchone()
    assert "came back" in meaning


def test_an_account_reads_the_views_and_no_other_relation_of_any_schema(analyst):
    readable = analyst.execute(
        "select distinct relnamespace::regnamespace::text from pg_class"
        " where has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select')"
        " and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')"
        " and relnamespace::regnamespace::text not like 'pg\\_toast%'"
    ).fetchall()
    assert readable == [("gold",)]


@pytest.mark.parametrize(
    "statement",
    [
        "select email from public.users",
        "select row from public.published_rows",
        "select key from public.tag_key",
        "select action from public.audit_log",
        "create table gold.mine ()",
        "create view gold.mine as select 1",
        "create table public.mine ()",
        "delete from gold.uplift",
        "set role focusflow_views",
        "set role focusflow_api",
        "create role other",
        "copy gold.uplift to program 'true'",
    ],
)
def test_an_account_is_refused_everything_else(analyst, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute(statement)


def test_accounts_are_created_listed_rotated_and_dropped_and_each_is_in_the_audit_log(run, database):
    created = run("create", "grafana")
    assert created.returncode == 0, created.stderr
    first, stored = created.stdout.decode().strip(), verifier(database, "grafana")
    assert len(first) >= 32
    assert stored.startswith("SCRAM-SHA-256$")
    assert first not in stored
    assert run("list").stdout == b"grafana\n"
    again = run("create", "grafana")
    assert (again.returncode, b"already" in again.stderr) == (1, True)
    assert run("rotate", "grafana", "--dry-run").returncode == 0
    assert verifier(database, "grafana") == stored
    assert run("rotate", "grafana").stdout.decode().strip() != first
    assert verifier(database, "grafana") != stored
    assert run("drop", "grafana").returncode == 0
    assert run("drop", "grafana").returncode == 1
    with database.owner() as connection:
        entries = connection.execute(
            "select action from audit_log where after ->> 'name' = 'grafana' order by at"
        ).fetchall()
    assert [row["action"] for row in entries] == [f"analyst_login.{deed}" for deed in ("created", "rotated", "dropped")]


def test_an_account_signs_in_with_its_password_reads_only_and_is_cut_off_when_it_is_dropped(run, account, database_url):
    with psycopg.connect(database_url, user="metabase", password=account, autocommit=True) as connection:
        assert connection.execute("select count(*) >= 0 from productivity_daily").fetchone() == (True,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table mine ()")
        assert run("drop", "metabase").returncode == 0
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_an_owner_that_is_no_superuser_creates_views_and_accounts(server_url, database_url):
    """As on a server of somebody else."""
    name = "of_an_owner"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("create role plain_owner login createrole password 'p'")
        connection.execute(
            "grant focusflow_api, focusflow_auth, focusflow_ingestion, focusflow_scoring, focusflow_reporting,"
            " focusflow_privacy, focusflow_views, focusflow_analyst to plain_owner with admin option"
        )
        connection.execute(f"create database {name} owner plain_owner")
    url = make_conninfo(server_url.replace("/focusflow?", f"/{name}?"), user="plain_owner", password="p")
    prepare(url, 8)
    with Database(url, connections=1) as database:
        ada = add_user(database, "UTC")
        with database.transaction(Role.REPORTING) as tx:
            tx.run(
                "insert into published_rows (user_id, table_name, day, row) values (%(user)s, 'productivity_daily', now(), '{}')",
                {"user": ada},
            )
        assert analyst_views.write(database, 5)
        password = analyst_logins.create(database, "of_others")
        with psycopg.connect(make_conninfo(url, user="of_others", password=password)) as reader:
            assert reader.execute("select count(*) from productivity_daily").fetchone() == (1,)
        analyst_logins.drop(database, "of_others")


def verifier(database, name):
    with database.owner() as connection:
        return connection.execute("select rolpassword from pg_authid where rolname = %s", [name]).fetchone()[
            "rolpassword"
        ]


@pytest.mark.parametrize("name", ["focusflow_api", "pg_monitor", "x", 'a"b', "Upper"])
def test_no_other_role_is_changed(run, name):
    for deed in ("create", "rotate", "drop"):
        ended = run(deed, name)
        assert ended.returncode == 1
        assert b"Traceback" not in ended.stderr


def test_views_follow_the_smallest_group_and_are_not_written_without_need(database, database_url, account):
    assert not analyst_views.write(database, 5)
    publish(database, "uplift", {"users": 6}, date(2026, 4, 1))
    assert analyst_views.write(database, 7, only_again=True)
    with psycopg.connect(database_url) as connection:
        connection.execute("set role metabase")
        assert connection.execute("select from gold.uplift").fetchall() == []
    with database.owner() as connection:
        connection.execute("drop schema gold cascade")
    assert not analyst_views.write(database, 7, only_again=True)

"""The schema and its migrations agree, and a database that does not fit is refused in a sentence."""

import subprocess
import sys

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from focusflow.database.alembic_runner import schema_config, schema_connection
from focusflow.database.migrate import VERSIONS, newest_revision, prepare, revisions
from focusflow.database.tables import OWNED
from focusflow.errors import SetupProblem

WITHIN = 60


def test_files_of_migrations_are_named_after_their_revisions():
    scripts = ScriptDirectory(str(VERSIONS.parent))
    assert revisions() == tuple(sorted(script.revision for script in scripts.walk_revisions()))
    assert newest_revision() == scripts.get_current_head()


def test_the_migrations_make_exactly_the_declared_schema(database_url):
    with schema_connection(database_url, WITHIN) as connection:
        command.check(schema_config(connection))


def test_migrations_go_back_and_forth(server_url):
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("create database back_and_forth")
    url = server_url.replace("/focusflow?", "/back_and_forth?")
    prepare(url, 8)
    with schema_connection(url, WITHIN) as connection:
        command.downgrade(schema_config(connection), "base")
    with schema_connection(url, WITHIN) as connection:
        left = connection.exec_driver_sql(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
        ).all()
    assert {name for (name,) in left} == {"alembic_version", "alembic_version_pkc"}
    prepare(url, 8)


def test_a_schema_that_is_the_newest_is_not_upgraded_again(database_url):
    """Alembic shares what all threads of a process have, Dagster upgrades its own at any time, and to load it takes a second."""
    code = "import sys; from focusflow.database.migrate import prepare; prepare(sys.argv[1], 8); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, database_url], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_table_with_a_user_has_forced_row_level_security(database_url):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select relname, relrowsecurity and relforcerowsecurity from pg_class where relname = any(%s)",
            [[*OWNED, "users"]],
        ).fetchall()
    assert {name for name, _ in rows} == {*OWNED, "users"}
    assert all(forced for _, forced in rows)


def test_the_roles_neither_bypass_nor_own_tables(database_url):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcanlogin,"
            " exists (select from pg_class where relowner = pg_roles.oid and relkind <> 'v') from pg_roles where rolname like 'focusflow\\_%'"
        ).fetchall()
    assert len(rows) >= 5
    assert all(rest == [False] * 4 for _, *rest in map(list, rows))


def test_a_newer_schema_is_refused(server_url):
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("create database from_the_future")
    url = server_url.replace("/focusflow?", "/from_the_future?")
    prepare(url, 8)
    with psycopg.connect(url) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(SetupProblem, match="newer schema"):
        prepare(url, 8)
    assert newest_revision() != "9999"


def test_the_number_of_buckets_cannot_change(database_url):
    with pytest.raises(SetupProblem, match="FOCUSFLOW_BUCKETS=8"):
        prepare(database_url, 16)


@pytest.mark.parametrize("url", ["postgresql://nobody:x@127.0.0.1:1/x", "nonsense", "http://127.0.0.1/"])
def test_a_wrong_address_is_one_sentence(url):
    with pytest.raises(SetupProblem, match="FOCUSFLOW_DATABASE_URL"):
        prepare(url, 8)

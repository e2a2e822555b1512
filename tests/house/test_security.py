"""Sentences of docs/security.md about what the product never does."""

import re
import tomllib

import yaml

from focusflow.lake.tables import duckdb_connection

#: What runs code that a file holds.
UNPICKLING = re.compile(r"^\s*(?:from|import) (?:pickle|cloudpickle|dill|joblib|marshal|shelve)\b", re.MULTILINE)


def test_every_test_that_the_page_about_security_names_is_there(root):
    named = set(re.findall(r"`(tests/[\w/.]+)`", (root / "docs" / "security.md").read_text("utf-8")))
    assert len(named) > 20
    assert [path for path in sorted(named) if not (root / path).exists()] == []


def test_nothing_is_unpickled(root, modules):
    assert [path for path in modules if UNPICKLING.search((root / path).read_text("utf-8"))] == []


def test_no_usage_statistics_leave_the_machine(root):
    dagster = yaml.safe_load((root / "pipelines" / "orchestration" / "dagster.yaml").read_text("utf-8"))
    streamlit = tomllib.loads((root / "dashboard" / ".streamlit" / "config.toml").read_text("utf-8"))
    assert dagster["telemetry"] == {"enabled": False}
    assert streamlit["browser"]["gatherUsageStats"] is False


def test_duckdb_downloads_no_extension():
    with duckdb_connection() as connection:
        query = "select name, value from duckdb_settings() where name like 'auto%known_extensions' order by name"
        assert connection.execute(query).fetchall() == [
            ("autoinstall_known_extensions", "false"),
            ("autoload_known_extensions", "false"),
        ]

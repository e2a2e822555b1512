"""`focusflow --help` is there at once, and each command shows how it is used."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, commands

HEAVY = (
    "pydantic",
    "psycopg",
    "sqlalchemy",
    "polars",
    "duckdb",
    "pyarrow",
    "dagster",
    "streamlit",
    "fastapi",
    "uvicorn",
    "rich",
)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(name):
    said = CliRunner().invoke(commands, [name, "--help"])
    assert said.exit_code == 0
    assert "Example: " in said.output
    assert f"focusflow {name}" in said.output.partition("Example: ")[2]


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from cli.main import main; sys.argv = ['focusflow', '--help']\n"
        "try: main()\n"
        f"finally: print('imported:', *(set({HEAVY!r}) & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "imported:"
    assert "focusflow up --demo" in said

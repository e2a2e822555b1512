"""`focusflow --help` is there at once."""

import subprocess
import sys

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


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from cli.main import main; sys.argv = ['focusflow', '--help']\n"
        "try: main()\n"
        f"finally: print('imported:', *(set({HEAVY!r}) & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "imported:"
    assert "focusflow up --demo" in said

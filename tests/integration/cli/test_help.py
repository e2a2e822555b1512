"""`focusflow --help` and `focusflow status` are there at once."""

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


def test_the_status_of_a_running_home_imports_nothing_heavy(tmp_path):
    program = (
        "import sys; from cli.commands import status; from focusflow import last_runs; import cli.supervisor.lock, focusflow.settings\n"
        "status._backlog({'focusflow_backlog_events{stage=\"landing\"}': 1}, 300); status._ask_api('http://127.0.0.1:9')\n"
        "focusflow.settings.load_settings()\n"
        f"print('imported:', *({set(HEAVY) - {'pydantic'}!r} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "imported:"

"""`focusflow new`."""

import re
from pathlib import Path

import click

from cli.groups import Group

TABLE = """description = "What one row says."
grain = ["user_id", "local_date"]
inputs = ["silver.task_history", "users"]
partition_by = ["bucket"]
day = "local_date"

[columns.user_id]

[columns.local_date]
type = "DATE"
meaning = "The local day."
tests = { not_null = true }

[columns.tasks]
type = "BIGINT"
unit = "tasks"
meaning = "Tasks created that day."
tests = { range = [1, inf] }

[columns.bucket]
"""

QUERY = """-- {name}: one row per user and local day.
select
    user_id,
    any_value(bucket) as bucket,
    changed_on as local_date,
    count(*) as tasks
from silver.task_history
semi join users using (user_id)
where change = 'task.created'
group by user_id, changed_on
"""

CASE = """as_of: 2026-03-03T12:00:00Z
given:
  silver/user_history:
    - {user_id: ada, account_id: ada, version: 1, change: user.registered, timezone: Europe/Berlin, changed_on: 2026-03-01,
       valid_from: 2026-03-01T08:00:00Z, bucket: 0, last_month: 9999-12}
  silver/task_history:
    - {user_id: ada, task_id: first, version: 1, change: task.created, changed_on: 2026-03-02, bucket: 0, last_month: 9999-12}
expect:
  - {user_id: ada, local_date: 2026-03-02, tasks: 1}
"""


@click.group("new", cls=Group)
def command() -> None:
    """Scaffold a new part of FocusFlow in a checkout.

    Example: focusflow new table task_ages
    """


@command.command("table")
@click.argument("name")
def table(name: str) -> None:
    """Scaffold a gold table with a first test case.

    Example: focusflow new table tasks_by_weekday
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "tests").is_dir():
        raise click.UsageError(f"{root} is not a checkout of FocusFlow.")
    for path in write_table(root, name):
        click.echo(f"wrote {path.relative_to(root)}")
    click.echo("Edit them, then run `make docs` and `make test ARGS=tests/tables`. See docs/how-to/add-a-table.md.")


def write_table(root: Path, name: str) -> list[Path]:
    """Write the files of a gold table and its first test case into a checkout."""
    if not re.fullmatch("[a-z][a-z0-9_]{0,59}", name):
        raise click.UsageError(f"{name} is not a table name. Use lower-case letters, digits and underscores.")
    folder = root / "pipelines" / "tables" / "gold" / name
    if folder.exists():
        raise click.UsageError(f"The table {name} already exists: {folder}.")
    files = {
        folder / "table.toml": TABLE,
        folder / "query.sql": QUERY.format(name=name),
        root / "tests" / "tables" / name / "first" / "case.yaml": CASE,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)

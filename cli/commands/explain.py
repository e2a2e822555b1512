"""`focusflow explain`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cli.options import DAY

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.engine.explanation import Explanation

#: Input rows that are printed; `--json` has all of them.
PRINTED = 30


class Moment(click.ParamType[datetime]):
    """A date and time with its offset, or in UTC."""

    name = "moment"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is not a moment. Write it like 2026-01-31T08:00+01:00.", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


AS_OF = click.option(
    "--as-of",
    type=Moment(),
    metavar="MOMENT",
    help="As known at this moment, like 2026-01-31T08:00+01:00. Defaults to now.",
)


@click.command("explain")
@click.argument("metric")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose figure.")
@click.option("--day", type=DAY, required=True, metavar="DAY", help="The user's local day.")
@AS_OF
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(metric: str, email: str, day: datetime, as_of: datetime | None, as_json: bool) -> None:
    """Show how a daily figure comes about: its definition, SQL, input rows and result, also as of a past moment.

    METRIC is a column of the daily table, such as tasks_completed, or priority_score for the scores of open tasks.

    Example: focusflow explain focus_minutes --user demo@example.com --day 2026-03-02
    """
    from uuid import UUID

    import orjson
    from rich.console import Console

    from cli.commands.evaluate import _user_id
    from focusflow import clock
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from models.serving.registry import Registry
    from pipelines.engine.explanation import Question, explain

    settings, now = load_settings(), clock.now()
    if as_of is not None and as_of > now:
        raise click.UsageError("--as-of must be in the past.")
    user_id = _user_id(email)
    session = duckdb_session(temp_directory=str(settings.home / "tmp"))
    lake, models = Lake.of(settings), Registry(settings.models_folder)
    question = Question(metric, UUID(user_id), day.date(), as_of or now)
    found = explain(lake, session, settings.buckets, models, question)
    if as_json:
        click.echo(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2, default=str).decode())
    else:
        _show(Console(), found)


def _show(console: "Console", found: "Explanation") -> None:
    console.print(f"[bold]{found.label}[/] ({found.metric}) on {found.day}", highlight=False)
    console.print(found.meaning, soft_wrap=True)
    for name, text in found.sql.items():
        console.print(f"\n[bold]{name}[/]")
        console.print(text.strip(), markup=False, highlight=False, soft_wrap=True)
    for name, rows in found.inputs.items():
        console.print(f"\n[bold]{name}[/]: {len(rows)} input rows")
        _rows(console, rows)
    console.print(
        f"\n[bold]Result[/] as of {found.as_of:%Y-%m-%d %H:%M:%S%z}: [bold]{found.result}[/]", highlight=False
    )
    console.print(f"Published by then: {found.published}. Published now: {found.current}.", highlight=False)
    show_late(console, found.late)


def show_late(console: "Console", late: list[dict[str, Any]]) -> None:
    """Name the events that came too late for what was published at a moment."""
    if late:
        console.print(f"\n{len(late)} events of before that moment were recorded after it:")
        _rows(console, late)


def _rows(console: "Console", rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not rows:
        return
    table = Table(*rows[0])
    for row in rows[:PRINTED]:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
    if len(rows) > PRINTED:
        console.print(f"… and {len(rows) - PRINTED} more; --json prints all of them.")

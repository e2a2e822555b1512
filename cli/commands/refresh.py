"""`focusflow refresh`."""

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from cli.options import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from pipelines.engine.refresh import Refresh, Step

#: What a shell knows as stopped by Ctrl-C.
STOPPED = 130


@click.command("refresh")
@click.option("--from", "first", type=DAY, metavar="DAY", help="Recompute all days from this one.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="With --from: last day to recompute. Defaults to today.")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def command(first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Update all tables with landed events, check them, and publish tables and scores. Safe to repeat, with or without a running
    daemon.

    Ctrl-C stops it between tables, and the next refresh continues.

    Example: focusflow refresh --from 2026-01-01 --to 2026-01-31
    """
    _refuse(first, last)
    from dataclasses import asdict

    import duckdb
    from rich.console import Console

    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import DAILY_TABLE, Lake
    from focusflow.settings import load_settings
    from models.serving.registry import Registry
    from pipelines.engine import user_quarantine
    from pipelines.engine.refresh import Refresh

    settings, console = load_settings(), Console()
    with running_database(settings) as url, Database(url) as database:
        refresh = Refresh(
            Lake.of(settings),
            duckdb_session(temp_directory=str(settings.home / "tmp")),
            database,
            settings.buckets,
            clock.now(),
            Registry(settings.models_folder),
            settings.catalog_file,
            first.date() if first else None,
            last.date() if last else None,
        )
        steps: list[Step] = []
        try:
            for step in _with_a_bar(refresh, console, quiet=as_json):
                steps.append(step)
                if not as_json:
                    console.print(f"{step.table:<30} {step.rows:>12,} {step.unit:<6} {step.seconds:>8.2f} s")
        except (KeyboardInterrupt, duckdb.Error, RuntimeError) as error:
            if not isinstance(error, KeyboardInterrupt) and "interrupt" not in str(error).lower():
                raise
            click.echo(
                f"Stopped after {len(steps)} of {len(refresh.names)} steps. The next refresh does the rest.", err=True
            )
            sys.exit(STOPPED)
    for violation in user_quarantine.violations(refresh.lake, refresh.session):
        click.echo(f"{violation.sentence} What is published of them stays as it was.", err=True)
    if as_json:
        console.print_json(data=[asdict(step) for step in steps])
    elif first and not any(step.rows for step in steps if step.table == DAILY_TABLE):
        span = f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}" if last else f"from {first:%Y-%m-%d} on"
        click.echo(f"No user has a day {span}: nothing to recompute.")


def _refuse(first: datetime | None, last: datetime | None) -> None:
    """What no refresh could do, before anything is touched."""
    from focusflow import clock

    if last and first is None:
        raise click.UsageError("--to needs a --from.")
    if first and last and last < first:
        raise click.UsageError(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    newest = (clock.now() + timedelta(hours=14)).date()  # where the day begins first
    if first and first.date() > newest:
        raise click.UsageError(f"--from {first:%Y-%m-%d} is in the future: nothing to compute yet.")


def _with_a_bar(refresh: "Refresh", console: "Console", *, quiet: bool) -> "Iterator[Step]":
    """The steps as they are done, above a bar that names the one at work; without it where nobody looks."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        names = [*refresh.names, "done"]
        task = bar.add_task(names[0], total=len(names) - 1)
        for step in refresh.run():  # which starts again when it has repaired the lake
            yield step
            number = names.index(step.table) + 1
            bar.update(task, description=names[number], completed=number)

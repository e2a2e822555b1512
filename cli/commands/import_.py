"""`focusflow import`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from focusflow.import_formats import FORMATS

if TYPE_CHECKING:
    from focusflow.database.session import Database
    from ingestion.importers.engine.importing import Account, Report

#: Findings that are printed; `--all` prints every one.
PRINTED = 20


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose data it is.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    metavar="FORMAT",
    help=f"One of {', '.join(FORMATS)}. By default the file is recognized.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="What a column of a CSV file means, for example due=Deadline; `due=` leaves it out. By default it is guessed.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and write nothing.")
@click.option("--all", "is_whole", is_flag=True, help="Print everything that was skipped or changed.")
@click.option("--undo", type=click.UUID, metavar="ID", help="Take back an import.")
def command(  # noqa: PLR0917 (click passes them by name)
    file: Path | None,
    email: str,
    format_name: str | None,
    columns: tuple[str, ...],
    dry_run: bool,
    is_whole: bool,
    undo: UUID | None,
) -> None:
    """Import the history of another program. What was imported before is left as it is.

    Example: focusflow import todoist.zip --user demo@example.com --dry-run
    """
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from ingestion.importers.engine.importing import find_account

    if (file is None) == (undo is None):
        raise click.UsageError("Name a file to import, or an import to take back with --undo.")
    with running_database(load_settings()) as url, Database(url) as database:
        account = find_account(database, email)
        if undo is not None:
            _undo(database, account, undo, is_dry_run=dry_run)
        elif file is not None:
            report = _import(database, account, file, format_name, _mapping(columns), is_dry_run=dry_run)
            _print(report, is_dry_run=dry_run, printed=len(report.findings) if is_whole else PRINTED)


def _mapping(columns: tuple[str, ...]) -> dict[str, str | None] | None:
    if wrong := next((each for each in columns if "=" not in each), None):
        raise click.UsageError(f"{wrong} does not say which field a column is. Write it like due=Deadline.")
    parts = (each.partition("=") for each in columns)
    return {field: column or None for field, _, column in parts} or None


def _import(
    database: "Database",
    account: "Account",
    file: Path,
    format_name: str | None,
    columns: dict[str, str | None] | None,
    *,
    is_dry_run: bool,
) -> "Report":
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from ingestion.importers.engine.files import Upload
    from ingestion.importers.engine.importing import import_upload

    parts = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(file.name, total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return import_upload(
            database,
            account,
            Upload(file.name, file.read_bytes()),
            format_name=format_name,
            columns=columns,
            is_dry_run=is_dry_run,
            progress=progress,
        )


def _undo(database: "Database", account: "Account", import_id: UUID, *, is_dry_run: bool) -> None:
    from focusflow.nouns import counted
    from ingestion.importers.engine.importing import undo_import

    removed = undo_import(database, account, import_id, is_dry_run=is_dry_run)
    click.echo(f"{'Would be removed' if is_dry_run else 'Removed'}: {counted(removed)}.")


def _print(report: "Report", *, is_dry_run: bool, printed: int) -> None:
    from focusflow.nouns import counted

    for finding in report.findings[:printed]:
        click.echo(f"{finding.place}: {finding.outcome}: {finding.reason}", err=True)
    if len(report.findings) > printed:
        click.echo(f"… and {len(report.findings) - printed:,} more; --all prints them.", err=True)
    if report.columns:
        click.echo("Columns: " + ", ".join(f"{field} = {column}" for field, column in report.columns.items()) + ".")
    if report.other_columns:
        click.echo(f"Not taken: {', '.join(report.other_columns)}. `--column FIELD=NAME` takes one.")
    click.echo(f"{report.label}: {'would be imported' if is_dry_run else 'imported'}: {counted(report.imported)}.")
    if report.known:
        click.echo(f"There already: {counted(report.known)}.")
    if report.findings:
        click.echo(f"Skipped: {report.skipped:,}. Imported with a change: {len(report.findings) - report.skipped:,}.")
    if report.id is not None:
        click.echo(f"Take it back with --undo {report.id}.")

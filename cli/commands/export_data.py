"""`focusflow export-data`."""

from pathlib import Path

import click


@click.command("export-data")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose data it is.")
@click.option(
    "--format",
    "format_name",
    default="json",
    show_default=True,
    type=click.Choice(["json", "csv", "parquet", "todo_txt", "taskwarrior", "icalendar"]),
    help="`json`, `csv` and `parquet` hold all records and can be imported again.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Defaults to a file in this folder.")
def command(email: str, format_name: str, output: Path | None) -> None:
    """Export a user's records as a file of another program, or as one that `focusflow import` reads back.

    Example: focusflow export-data --user demo@example.com --format todo_txt
    """
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database, Role
    from focusflow.settings import load_settings
    from ingestion.importers.engine.importing import find_account
    from operational_api.exports import records
    from operational_api.exports.formats import FORMATS, Format

    chosen = dict[str, Format](FORMATS.items())[format_name]
    with running_database(load_settings()) as url, Database(url) as database:
        account = find_account(database, email)
        with database.transaction(Role.API, account.id) as tx:
            found = records.read(tx, account.timezone)
    target = output or Path(chosen.file_name)
    target.write_bytes(chosen.write(found))
    target.chmod(0o600)
    counts = ", ".join(f"{len(rows):,} {noun.replace('_', ' ')}" for noun, rows in found.rows.items() if rows)
    click.echo(f"{target}: {counts or 'nothing'}.")

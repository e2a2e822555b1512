"""`focusflow export`."""

from pathlib import Path

import click


@click.command("export")
@click.argument("user")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Defaults to focusflow-export.zip.",
)
def command(user: str, output: Path | None) -> None:
    """Write everything about a user to a ZIP of JSON and CSV files. USER is an email address or an id.

    Users export their own data on the page Settings.

    Example: focusflow export ada@example.com --output ada.zip
    """
    from rich.console import Console

    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from pipelines.privacy.accounts import find_user, record
    from pipelines.privacy.export import Exporter

    settings, path = load_settings(), output or Path("focusflow-export.zip")
    with running_database(settings) as url, Database(url, connections=2) as database, Console().status("Exporting …"):
        user_id = find_user(database, user)
        session = duckdb_session(temp_directory=str(settings.home / "tmp"))
        exporter = Exporter(database, Lake.of(settings), session, settings.home, settings.buckets)
        contents = exporter.write(user_id, path.absolute(), clock.now())
        record(database, "export.written", user_id)
    tables = sum(rows > 0 for rows in contents.rows.values())
    click.echo(f"{path}: {sum(contents.rows.values()):,} rows of {tables} tables. Its README.txt explains every file.")

"""`focusflow erase`."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

if TYPE_CHECKING:
    from focusflow.database.session import Database
    from focusflow.settings import Settings


@click.command("erase")
@click.argument("user", required=False)
@click.option("--yes", is_flag=True, help="Do not ask for a confirmation.")
@click.option("--dry-run", is_flag=True, help="Only show how much is stored about the user.")
@click.option("--list", "is_list", is_flag=True, help="List erasures and their deadlines.")
@click.option(
    "--certificate", "certificate_of", type=click.UUID, metavar="ID", help="Print the signed certificate of an erasure."
)
def command(user: str | None, yes: bool, dry_run: bool, is_list: bool, certificate_of: UUID | None) -> None:
    """Erase everything that is stored about a user, at once and for good. USER is an email address or an id.

    Without USER, goes on with erasures that were interrupted or whose deadline has passed; Dagster does so, too. Files of the lake that
    readers may still have open are deleted FOCUSFLOW_ERASURE_WAIT_HOURS later.

    Example: focusflow erase ada@example.com
    """
    import json

    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from pipelines.privacy import certificates
    from pipelines.privacy.accounts import find_user
    from pipelines.privacy.erasure import Eraser
    from pipelines.privacy.erasures import Erasures

    settings = load_settings()
    with running_database(settings) as url, Database(url, connections=2) as database:
        erasures = Erasures(database)
        if is_list:
            for row in erasures.listed():
                click.echo(f"{row['id']}  requested {row['created_at']:%Y-%m-%d %H:%M}  {erasures.sentence(row)}")
            return
        if certificate_of is not None:
            certificate = erasures.certificate(certificate_of)
            click.echo(json.dumps(certificate, indent=2))
            if not certificates.is_genuine(settings.keys, certificate):
                raise click.ClickException("The signature is of no key of this installation.")
            return
        eraser = Eraser(
            database,
            Lake.of(settings),
            duckdb_session(temp_directory=str(settings.home / "tmp")),
            settings,
        )
        if user is None:
            counts = eraser.run()
            click.echo("Erasures: " + ", ".join(f"{count} {state}" for state, count in counts.items()) + ".")
            return
        user_id = find_user(database, user)
        if dry_run:
            _show(settings, database, user_id)
            return
        if not yes:
            click.confirm(f"Erase everything that is stored about {user}? This cannot be undone.", abort=True)
        erasure_id = erasures.request(user_id)
        eraser.erase(erasure_id)
        click.echo(f"{erasure_id}  {erasures.sentence(erasures.one(erasure_id))}")


def _show(settings: "Settings", database: "Database", user_id: UUID) -> None:
    """How many rows an export of the user has: the same that an erasure deletes."""
    import tempfile
    from pathlib import Path

    from focusflow import clock
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from pipelines.privacy.export import Exporter

    exporter = Exporter(database, Lake.of(settings), duckdb_session(), settings.home, settings.buckets)
    with tempfile.TemporaryDirectory() as folder:
        contents = exporter.write(user_id, Path(folder) / "export.zip", clock.now())
    for name, rows in contents.rows.items():
        if rows:
            click.echo(f"{rows:>10,}  {name}")

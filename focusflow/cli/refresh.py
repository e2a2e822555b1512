"""`focusflow refresh`."""

from datetime import datetime

import click

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("refresh")
@click.option("--from", "first", type=DAY, metavar="DAY", help="Compute everybody's days anew from this one on.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="With --from: up to this one, and not to today.")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def command(first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Bring the lake's tables up to what has landed, and publish the scores. Without a daemon, and as often as you like.

    Example: focusflow refresh --from 2026-01-01 --to 2026-01-31
    """
    if last and (first is None or last < first):
        raise click.UsageError("--to needs a --from that is not after it.")
    from dataclasses import asdict

    from rich.console import Console

    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake import Lake, duckdb_connection
    from focusflow.settings import load_settings
    from models.registry import Registry
    from pipelines.refresh import Refresh

    settings, console = load_settings(), Console()
    with running_database(settings) as url, Database(url) as database, console.status("Refreshing …") as status:
        refresh = Refresh(
            Lake(settings.lake_location),
            duckdb_connection(temp_directory=str(settings.home / "tmp")),
            database,
            settings.buckets,
            clock.now(),
            Registry(settings.models_folder),
            settings.catalog_file,
            first.date() if first else None,
            last.date() if last else None,
        )
        steps = []
        for step in refresh.run():
            steps.append(asdict(step))
            status.update(f"Refreshing … {step.table} done")
            if not as_json:
                console.print(f"{step.table:<30} {step.rows:>12,} rows {step.seconds:>8.2f} s")
    if as_json:
        console.print_json(data=steps)

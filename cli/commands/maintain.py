"""`focusflow maintain`."""

import click


@click.command("maintain")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(as_json: bool) -> None:
    """Compact small files of the lake, vacuum unused ones, and delete what is older than its retention.

    Dagster runs it each night without blocking readers or writers. Retention is configured by settings.

    Example: focusflow maintain
    """
    from dataclasses import asdict

    from rich.console import Console

    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from pipelines.engine.maintenance import Maintenance

    settings, console = load_settings(), Console()
    with running_database(settings) as url, Database(url) as database, console.status("Tidying up …"):
        lake, session = Lake.of(settings), duckdb_session(temp_directory=str(settings.home / "tmp"))
        done = []
        for each in Maintenance(lake, session, database, settings, clock.now()).run():
            done.append(asdict(each))
            if not as_json:
                amounts = ", ".join(f"{count:,} {what}" for what, count in each.amounts.items() if count)
                console.print(f"{each.table:<30} {amounts or 'nothing to do'}")
    if as_json:
        console.print_json(data=done)

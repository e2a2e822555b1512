"""`focusflow demo`."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from focusflow.database.session import Database


def add_demo(database: "Database", *, seed: int = 1, days: int = 365, users: int = 5) -> str:
    """Write the demo users with a progress bar. Returns a sentence that says what is there now."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from focusflow import clock
    from ingestion.demo import PASSWORD, write_demo

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        transient=True,
        disable=not sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task("Demo data", total=None)

        def progress(phase: str, done: int, total: int) -> None:
            bar.update(task, description=f"Demo data: {phase or 'done'}", completed=done, total=total)

        written = write_demo(database, clock.now(), seed=seed, days=days, count=users, progress=progress)
    if not written.personas:
        return f"The demo users are already there. Sign in as demo@example.com with the password {PASSWORD}."
    return (
        f"{written.personas} users, {written.rows:,} rows and {written.events:,} events written."
        f" Sign in as demo@example.com, analyst@example.com or admin@example.com with the password {PASSWORD}."
    )


@click.command("demo")
@click.option("--seed", default=1, show_default=True, help="Seed of the generated histories.")
@click.option(
    "--days", default=365, show_default=True, type=click.IntRange(30, 3650), help="Length of the history in days."
)
@click.option(
    "--users",
    "--people",
    "users",
    default=5,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Number of users.",
)
def command(seed: int, days: int, users: int) -> None:
    """Add demo users with a year of synthetic data. A second run changes nothing.

    Example: focusflow demo --days 120
    """
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        click.echo(add_demo(database, seed=seed, days=days, users=users))

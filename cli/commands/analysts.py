"""`focusflow analysts`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.groups import Group

if TYPE_CHECKING:
    from focusflow.database.session import Database
    from focusflow.settings import Settings


@click.group("analysts", cls=Group)
def command() -> None:
    """Manage PostgreSQL accounts for tools such as Metabase and Grafana. They read the schema `gold`, and nothing else.

    Example: focusflow analysts create metabase
    """


@command.command("list")
def list_() -> None:
    """List the accounts."""
    from focusflow.database import analyst_logins

    with _database() as (_, database):
        names = analyst_logins.logins(database)
    click.echo("\n".join(names) or "There are none. `focusflow analysts create NAME` creates one.")


@command.command("create")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
def create(name: str, *, dry_run: bool) -> None:
    """Create an account and print its password, which is stored nowhere. Writes the views of the schema `gold` if they are missing.

    Example: focusflow analysts create metabase
    """
    from focusflow.database import analyst_logins
    from pipelines.engine import analyst_views

    if dry_run:
        click.echo(f"The account {name} would be created. It would read the schema gold.")
        return
    with _database() as (settings, database):
        analyst_views.write(database, settings.min_group_size)
        password = analyst_logins.create(database, name)
        click.echo(f"{name} reads the schema gold. Its password, shown once:", err=True)
        click.echo(password)
        if settings.database_url is None:
            click.echo(
                "The PostgreSQL that comes with FocusFlow listens on no port. Tools need one of your own"
                f" (FOCUSFLOW_DATABASE_URL), or open {settings.catalog_file}.",
                err=True,
            )


@command.command("rotate")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
def rotate(name: str, *, dry_run: bool) -> None:
    """Give an account a new password and print it. The old one ends at once; open connections stay open."""
    from focusflow.database import analyst_logins
    from pipelines.engine import analyst_views

    if dry_run:
        click.echo(f"The account {name} would get a new password.")
        return
    with _database() as (settings, database):
        analyst_views.write(database, settings.min_group_size)
        click.echo(analyst_logins.rotate(database, name))


@command.command("drop")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
def drop(name: str, *, dry_run: bool) -> None:
    """Delete an account, and end its connections."""
    from focusflow.database import analyst_logins

    if dry_run:
        click.echo(f"The account {name} would be deleted.")
        return
    with _database() as (_, database):
        analyst_logins.drop(database, name)
    click.echo(f"{name} is deleted.")


@contextmanager
def _database() -> "Iterator[tuple[Settings, Database]]":
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings

    settings = load_settings()
    with running_database(settings) as url, Database(url, connections=1) as database:
        yield settings, database

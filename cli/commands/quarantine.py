"""`focusflow quarantine`: events that could not be parsed, and rows that break a rule."""

from typing import TYPE_CHECKING, Any

import click

from cli.groups import Group

if TYPE_CHECKING:
    from pipelines.engine.quarantine import Quarantine


@click.group("quarantine", cls=Group, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Inspect and retry events that could not be parsed, and inspect rows that break a rule.

    Example: focusflow quarantine list
    """
    if context.invoked_subcommand is None:
        context.invoke(list_, limit=50, as_json=False)


@command.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number of events."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def list_(limit: int, as_json: bool) -> None:
    """Count quarantined events by reason, with the offsets of the first ones."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    quarantine, console = _quarantine(), Console()
    reasons, events = quarantine.reasons(), quarantine.listed(limit)
    if as_json:
        console.print_json(data={"reasons": reasons, "events": [asdict(each) for each in events]})
        return
    if not reasons:
        console.print("No events in quarantine.", style="green")
        return
    for reason, count in reasons.items():
        console.print(f"{count:>8,}  {reason}")
    table = Table("place", "bytes", "reason")
    for each in events:
        table.add_row(f"{each.bucket}:{each.log_offset}", f"{each.bytes:,}", each.reason)
    console.print(table)
    console.print("`focusflow quarantine show PLACE` prints one, `focusflow quarantine retry` tries all again.")


@command.command("show")
@click.argument("place")
def show(place: str) -> None:
    """Print the bytes of one event, and its reason on standard error. The audit log records which one was shown.

    Example: focusflow quarantine show 3:71
    """
    from focusflow.database import audit
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database, Role
    from focusflow.settings import load_settings
    from pipelines.engine.quarantine import place_of

    reason, value = _quarantine().one(*place_of(place))
    with (
        running_database(load_settings()) as url,
        Database(url, connections=1) as database,
        database.transaction(Role.AUTH) as tx,
    ):
        seen = {"place": place}
        audit.record(tx, "quarantine.viewed", actor_id=None, user_id=None, ip=audit.COMMAND_LINE, after=seen)
    click.echo(reason, err=True)
    click.echo(value)


@command.command("retry")
def retry() -> None:
    """Retry all events, for example after an update. Those that still fail stay, with their current reason."""
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.database.tag_key import tag_key
    from focusflow.errors import Conflict
    from focusflow.lake.tables import CommitConflict
    from focusflow.settings import load_settings

    with running_database(load_settings()) as url, Database(url, connections=1) as database:
        key = tag_key(database)
    try:
        came = _quarantine(key).retry()
    except CommitConflict as error:
        raise Conflict("A refresh is running. Try again when it is done.") from error
    click.echo(f"{came.taken_in} events loaded, {came.left} left in quarantine.")
    if came.taken_in:
        click.echo("Run `focusflow refresh` to update the tables, or wait for the next one.")


@command.command("rows")
@click.argument("table")
@click.argument("rule")
def rows(table: str, rule: str) -> None:
    """Print some rows that break a rule of a table, as JSON. The audit log records whose rows were shown.

    Example: focusflow quarantine rows gold/productivity_daily duplicate_rows
    """
    from uuid import UUID

    import orjson

    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from pipelines.engine.checks import CHECKED, judge
    from pipelines.engine.rules import rules_of
    from pipelines.privacy.accounts import record

    name = table.replace(".", "/")
    if name not in CHECKED:
        raise click.UsageError(f"{table} is no table with rules.")
    if rule not in rules_of(name):
        raise click.UsageError(f"{table} has no rule {rule}.")
    settings = load_settings()
    verdicts = judge(Lake.of(settings), duckdb_session(), name)
    found: list[dict[str, Any]] = [row for each in verdicts if each.rule == rule for row in each.sample]
    if not found:
        click.echo("No row breaks it.", err=True)
        return
    if users := sorted({user for row in found if (user := row.get("user_id")) is not None}):
        with running_database(settings) as url, Database(url, connections=1) as database:
            for user in users:
                record(database, "user.viewed", UUID(user))
    click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2, default=str))


def _quarantine(tag_key: str | None = None) -> "Quarantine":
    from focusflow.database.installation import make_home
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from pipelines.engine.quarantine import Quarantine

    settings = load_settings()
    make_home(settings.home)
    return Quarantine(Lake.of(settings), duckdb_session(), tag_key)

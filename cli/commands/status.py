"""`focusflow status`."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from focusflow.database.session import Database
    from focusflow.lake.tables import Lake
    from focusflow.settings import Settings


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(as_json: bool) -> None:
    """Show whether FocusFlow runs, where, how fresh its data is and how much there is.

    Example: focusflow status --json
    """
    from cli.supervisor.lock import read_announcement
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings

    settings = load_settings()
    running = read_announcement(settings.home)
    lake = Lake(settings.lake_location)
    facts: dict[str, Any] = {
        "home": str(settings.home),
        "running": running is not None,
        "pid": running.pid if running else None,
        "addresses": running.addresses if running else {},
        "last_landed": _last_commit(lake, "raw/events"),
        "last_gold": _last_commit(lake, "gold/productivity_daily"),
        "quarantined_users": _quarantined(lake),
        "ai_answers_not_used": None,
        "counts": None,
        "mail_outage": None,
        "backlog": None,
    }
    if running or settings.database_url:  # a database that nobody runs is not started for a look
        with _database(settings) as database:
            counts = _counts(settings, database)
            facts |= {"ai_answers_not_used": counts.pop("ai_answers_not_used"), "counts": counts}
            facts |= {"mail_outage": _mail_outage(database), "backlog": _backlog(settings, database, lake)}
    if as_json:
        import json

        click.echo(json.dumps(facts, indent=2, default=lambda moment: moment.isoformat()))
    else:
        _show(facts)


def _quarantined(lake: "Lake") -> list[str]:
    from focusflow.lake.tables import duckdb_connection
    from pipelines.engine.user_quarantine import quarantined

    return quarantined(lake, duckdb_connection())


def _last_commit(lake: "Lake", table: str) -> "datetime | None":
    from datetime import UTC, datetime

    pinned = lake.pinned(table)
    if pinned is None or pinned.version == 0:  # its first version is its making; it holds nothing yet
        return None
    return datetime.fromtimestamp(pinned.delta.history(1)[0]["timestamp"] / 1000, UTC)


@contextmanager
def _database(settings: "Settings") -> "Iterator[Database]":
    from focusflow.database.installation import database_as_it_is
    from focusflow.database.migrate import require_schema
    from focusflow.database.session import Database

    with database_as_it_is(settings) as running:
        require_schema(running.url)
        with Database(running.url, connections=1) as database:
            yield database


def _backlog(settings: "Settings", database: "Database", lake: "Lake") -> list[dict[str, Any]]:
    from ingestion.backlog import measure

    has_kafka, alert_seconds = settings.kafka_bootstrap_servers is not None, settings.backlog_alert_seconds
    found = measure(database, lake, has_kafka=has_kafka, alert_seconds=alert_seconds)
    return [each.as_json() | {"sentence": each.sentence} for each in found]


def _counts(settings: "Settings", database: "Database") -> dict[str, int]:
    from pathlib import Path

    from focusflow.database.queries import load_queries
    from focusflow.database.session import Role
    from focusflow.mail import mailer
    from reports.delivery.sender import sender

    queries = load_queries(Path(__file__).with_name("status.sql"))
    roles = dict.fromkeys(queries, Role.REPORTING) | {"events": Role.INGESTION}
    del roles["mail_outage"]  # no count
    counts = {}
    for name, role in roles.items():
        with database.transaction(role) as tx:
            row = tx.one(queries[name])
            assert row is not None
            counts[name] = int(row["count"])
    counts["reports_overlooked"] = sender(settings, database, mailer(settings)).overlooked()
    return counts


def _mail_outage(database: "Database") -> dict[str, Any] | None:
    """Since when the mail server takes no email, when it is asked again, and what it said."""
    from pathlib import Path

    from focusflow.database.queries import load_queries
    from focusflow.database.session import Role

    with database.transaction(Role.REPORTING) as tx:
        return tx.one(load_queries(Path(__file__).with_name("status.sql"))["mail_outage"])


def _show(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_row("home", facts["home"])
    table.add_row("running", f"[green]yes[/], process {facts['pid']}" if facts["running"] else "no")
    for name, address in facts["addresses"].items():
        table.add_row(name, address)
    table.add_row("last landed", _ago(facts["last_landed"]))
    table.add_row("last gold", _ago(facts["last_gold"]))
    if facts["quarantined_users"]:
        table.add_row("quarantined users", f"[red]{', '.join(facts['quarantined_users'])}[/]; see Data health")
    for name, count in (facts["counts"] or {}).items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    if unused := facts["ai_answers_not_used"]:
        table.add_row("AI answers not used", f"{unused:,} in 24 hours; see focusflow doctor")
    if outage := facts["mail_outage"]:
        said = f"paused since {outage['began_at']:%Y-%m-%d %H:%M} UTC, tried again at {outage['next_attempt_at']:%H:%M}: {outage['reason']}"
        table.add_row("emails", Text(said, style="red"))
    for each in facts["backlog"] or []:
        waiting = f"{each['events']:,} waiting since {each['since']:.19}"
        table.add_row(each["stage"], f"[red]{each['sentence']}[/]" if each["is_late"] else waiting)
    Console(highlight=False, soft_wrap=True).print(table)


def _ago(moment: "datetime | None") -> str:
    from focusflow.clock import now

    if moment is None:
        return "never"
    seconds = max(int((now() - moment).total_seconds()), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago, {moment:%Y-%m-%d %H:%M} UTC"
    return f"{seconds} seconds ago"

"""`focusflow verify`."""

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from focusflow.database.session import Database
    from focusflow.lake.tables import Lake
    from focusflow.lake.verification import TableCheck
    from focusflow.settings import Settings
    from ingestion.reconciliation import Verdict
    from pipelines.engine.integrity import Outcome


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.option("--deep", is_flag=True, help="First compare every file of the lake with its digest.")
@click.option(
    "--repair",
    is_flag=True,
    help="First repair the lake: logs from copies, raw from Postgres, other tables from raw. Also lands events that Kafka lost.",
)
def command(*, as_json: bool, deep: bool, repair: bool) -> None:
    """Reconcile events from Postgres to silver. Exits with 0 only if nothing is lost or duplicated, no file is damaged, and no stage
    is far behind.

    Example: focusflow verify --deep
    """
    from focusflow import clock
    from focusflow.backlog import measure
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.tables import RAW_EVENTS, Lake
    from focusflow.last_runs import LastRun, record
    from focusflow.settings import load_settings
    from ingestion.reconciliation import count, describe, gaps, judge
    from pipelines.engine.integrity import Outcome

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        lake = Lake.of(settings)
        checks = _checked(lake, is_deep=deep, quiet=as_json) if deep or repair else []
        outcome = _repaired(settings, lake, database, checks) if repair else Outcome(checks)
        _tell(outcome, is_repaired=repair)
        verdict = judge(count(database, lake))
        backlog = measure(
            database,
            lake,
            has_kafka=settings.kafka_bootstrap_servers is not None,
            alert_seconds=settings.backlog_alert_seconds,
        )
        raw = lake.pinned(RAW_EVENTS.name)
        for gap in gaps(raw, range(settings.buckets)) if raw else ():
            outcome.lost.append(f"{RAW_EVENTS.name} lacks {describe(lake, gap)}.")
            click.secho(outcome.lost[-1], fg="red", err=True)
    late = [each for each in backlog if each.is_late]
    if as_json:
        files = {
            "files": sum(each.files for each in checks),
            "damages": [sentence for each in checks for sentence in each.sentences],
        }
        report = {"mended": outcome.mended, "lost": outcome.lost, "backlog": [each.as_json() for each in backlog]}
        click.echo(json.dumps(verdict.as_json() | files | report, indent=2))
    else:
        _show(verdict)
    is_damaged = bool(outcome.lost) or (outcome.is_damaged and not repair)
    for behind in late:
        click.secho(behind.sentence, fg="red", err=True)
    is_well = verdict.is_sound and not late and not is_damaged
    kind = "Deep check" if deep else "Check"
    record(settings.home, "verify", LastRun(clock.now(), is_well, f"{kind} {'passed' if is_well else 'failed'},"))
    sys.exit(0 if is_well else 1)


def _checked(lake: "Lake", *, is_deep: bool, quiet: bool) -> "list[TableCheck]":
    """Every table, under a bar that says how much has been read."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from pipelines.engine.integrity import sizes, verify

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("lake", total=sum(size for *_, size in sizes(lake)))
        return verify(
            lake, is_deep=is_deep, progress=lambda table, size: bar.update(task, description=table, advance=size)
        )


def _repaired(settings: "Settings", lake: "Lake", database: "Database", checks: "list[TableCheck]") -> "Outcome":
    """What can be repaired is; what is computed is computed again at once, or by the next refresh of a FocusFlow that runs."""
    from cli.supervisor.lock import read_announcement
    from focusflow import clock
    from focusflow.lake.session import duckdb_session
    from ingestion.kafka.broker import kafka_of
    from ingestion.kafka.wiring import backfill
    from models.serving.registry import Registry
    from pipelines.engine import integrity
    from pipelines.engine.refresh import Refresh

    is_running = read_announcement(settings.home) is not None
    outcome = integrity.repair(lake, database, settings.buckets, checks, may_rebuild_log=not is_running)
    landed = backfill(
        database, lake, kafka_of(settings), buckets=settings.buckets, rows=settings.land_rows,
        retention_hours=settings.kafka_retention_hours,
    )  # fmt: skip
    click.echo(f"{landed} events landed from Postgres.", err=True)
    if outcome.mended and not is_running:
        session = duckdb_session(temp_directory=str(settings.home / "tmp"))
        models = Registry(settings.models_folder)
        refresh = Refresh(lake, session, database, settings.buckets, clock.now(), models, settings.catalog_file)
        for _ in refresh.run():
            pass
    return outcome


def _tell(outcome: "Outcome", *, is_repaired: bool) -> None:
    if outcome.checks:
        files, new = (sum(getattr(each, name) for each in outcome.checks) for name in ("files", "recorded_now"))
        click.echo(f"{files:,} files of {len(outcome.checks)} tables checked.", err=True)
        if new:
            click.echo(
                f"{new:,} of them had no digest yet: they are recorded as they are, and checked from now on.", err=True
            )
    if not is_repaired:
        for each in outcome.checks:
            for sentence in each.sentences:
                click.secho(f"{sentence}. Run `focusflow verify --deep --repair`.", fg="red", err=True)
    for sentence in outcome.mended:
        click.secho(sentence, fg="yellow", err=True)
    for sentence in outcome.lost:
        click.secho(sentence, fg="red", err=True)


def _show(verdict: "Verdict") -> None:
    from rich.console import Console
    from rich.table import Table

    names = ("unsequenced", "sequenced", "landed", "refreshed", "silver", "quarantined", "repeated")
    table = Table("bucket", *("waiting", "accepted", "landed", "refreshed", "silver", "bad", "repeated"))
    for each in verdict.buckets:
        table.add_row(str(each.bucket), *(f"{getattr(each, name):,}" for name in names))
    console = Console()
    console.print(table)
    console.print(verdict.sentence, style="green" if verdict.is_sound else "bold red")

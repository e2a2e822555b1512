"""`focusflow verify`."""

import json
import sys

import click


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.option("--repair", is_flag=True, help="First land from Postgres what the lake misses, also when Kafka lost it.")
def command(as_json: bool, repair: bool) -> None:
    """Count events from Postgres to silver. Exit code 0 only when nothing is lost, nothing doubled, and no stage is far behind.

    Example: focusflow verify --json
    """
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from ingestion.backlog import measure
    from ingestion.kafka.broker import kafka_of
    from ingestion.kafka.wiring import backfill
    from ingestion.reconciliation import count, judge

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        lake = Lake(settings.lake_location)
        if repair:
            landed = backfill(
                database,
                lake,
                kafka_of(settings),
                buckets=settings.buckets,
                rows=settings.land_rows,
                retention_hours=settings.kafka_retention_hours,
            )
            click.echo(f"{landed} events landed from Postgres.", err=True)
        verdict = judge(count(database, lake))
        backlog = measure(
            database,
            lake,
            has_kafka=settings.kafka_bootstrap_servers is not None,
            alert_seconds=settings.backlog_alert_seconds,
        )
    late = [each for each in backlog if each.is_late]
    if as_json:
        click.echo(json.dumps(verdict.as_json() | {"backlog": [each.as_json() for each in backlog]}, indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        names = ("unsequenced", "sequenced", "landed", "refreshed", "silver", "quarantined", "repeated")
        table = Table("bucket", *("waiting", "accepted", "landed", "refreshed", "silver", "bad", "repeated"))
        for each in verdict.buckets:
            table.add_row(str(each.bucket), *(f"{getattr(each, name):,}" for name in names))
        console = Console()
        console.print(table)
        console.print(verdict.sentence, style="green" if verdict.is_sound else "bold red")
    for behind in late:
        click.secho(behind.sentence, fg="red", err=True)
    sys.exit(0 if verdict.is_sound and not late else 1)

"""`focusflow land`."""

import click


@click.command("land")
@click.option("--once", is_flag=True, help="Land the current backlog, then exit.")
def command(once: bool) -> None:
    """Land accepted events in the lake continuously, from Kafka if configured, otherwise from Postgres. Run imports that wait, and send webhooks and
    notifications to channels.

    Example: focusflow land --once
    """
    from focusflow.lake.arrow import skip_pandas

    skip_pandas()  # before what follows is imported
    from contextlib import ExitStack

    from cli import long_running
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.heartbeat import Heartbeat
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from focusflow.tracing import tracing
    from ingestion.importers.engine.jobs import ImportQueue
    from ingestion.kafka.broker import kafka_of
    from ingestion.kafka.wiring import broker_source
    from ingestion.landing.service import OutboxMaintenance, open_ingestion
    from ingestion.webhooks.fan_out import FanOut
    from ingestion.webhooks.sender import WebhookSender
    from reports.channels.sender import ChannelSender

    settings = load_settings()
    long_running.configure_logging(settings)
    kafka = kafka_of(settings)
    with (
        running_database(settings) as url,
        Database(url, answer_timeout_seconds=long_running.ANSWER_TIMEOUT_SECONDS) as database,
        ExitStack() as stack,
        tracing(settings, "land"),
    ):
        ingestion = open_ingestion(
            database,
            Lake.of(settings),
            buckets=settings.buckets,
            rows=settings.land_rows,
            age_seconds=settings.land_age_seconds,
            # Once is for now: the outbox has it all, at the same positions, whatever the relay is at.
            source=stack.enter_context(broker_source(database, kafka)) if kafka and not once else None,
        )
        if once:
            click.echo(f"{ingestion.drain()} events landed.")
            FanOut(database).drain()  # the log is not kept for what was never read
        else:
            stack.enter_context(ImportQueue(database, url))
            stack.enter_context(WebhookSender(settings, database).in_background())
            stack.enter_context(ChannelSender(settings, database).in_background())
            ingestion.run(long_running.stop_event(), OutboxMaintenance(url), Heartbeat("land").of("land"))

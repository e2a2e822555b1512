"""`focusflow relay`."""

import click


@click.command("relay")
@click.option("--once", is_flag=True, help="Publish the current backlog, then exit.")
def command(once: bool) -> None:
    """Publish accepted events to Kafka and consume the inbox topic continuously.

    Several may run: one is active, another takes over when it stops.

    Example: KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 focusflow relay
    """
    from focusflow.lake.arrow import skip_pandas

    skip_pandas()  # before what follows is imported
    import threading

    from cli import long_running
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.errors import SetupProblem
    from focusflow.heartbeat import Heartbeat
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from ingestion.kafka.broker import kafka_of
    from ingestion.kafka.wiring import inbox_service, relay_service

    settings = load_settings()
    long_running.configure_logging(settings)
    kafka = kafka_of(settings)
    if kafka is None:
        raise SetupProblem("Set KAFKA_BOOTSTRAP_SERVERS to a Kafka broker. Without one, no relay is needed.")
    with (
        running_database(settings) as url,
        Database(url, answer_timeout_seconds=long_running.ANSWER_TIMEOUT_SECONDS) as database,
    ):
        lake = Lake.of(settings)
        service = relay_service(
            database,
            url,
            lake,
            kafka,
            buckets=settings.buckets,
            rows=settings.relay_rows,
            retention_hours=settings.kafka_retention_hours,
        )
        if once:
            click.echo(f"{service.drain()} events published.")
        else:
            stop, heartbeat = long_running.stop_event(), Heartbeat("relay", "inbox")
            inbox = inbox_service(
                database, lake, kafka, buckets=settings.buckets, retention_hours=settings.kafka_retention_hours
            )
            taking = threading.Thread(target=inbox.run, args=(stop, heartbeat.of("inbox")), name="inbox", daemon=True)
            taking.start()
            service.run(stop, heartbeat.of("relay"))
            taking.join(5)

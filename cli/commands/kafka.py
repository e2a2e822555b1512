"""`focusflow kafka`."""

import click

CHECK_SECONDS = 5


@click.command("kafka")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port on the loopback interface. Defaults to FOCUSFLOW_KAFKA_PORT."
)
def command(port: int | None) -> None:
    """Run a single-node Apache Kafka for development. Downloaded by Maven on first use; needs Java 17.

    Example: focusflow kafka --port 9092
    """
    from contextlib import suppress

    from cli import long_running
    from focusflow.errors import Unavailable
    from focusflow.file_lock import single_process
    from focusflow.heartbeat import Heartbeat
    from focusflow.settings import load_settings
    from ingestion.kafka.broker import Kafka
    from ingestion.kafka.local_broker.server import local_broker

    settings = load_settings()
    stop = long_running.stop_event()
    folder, beat = settings.home / "kafka", Heartbeat("kafka").of("kafka")
    with single_process(folder, "Kafka"), local_broker(folder, port or settings.kafka_port) as broker:
        kafka = Kafka(broker.address)
        click.echo(f"Kafka listens at {broker.address}.")
        while not stop.is_set():
            if broker.exit_code() is not None:
                raise Unavailable(f"Apache Kafka ended by itself; {broker.log} says why.")
            with suppress(Unavailable):  # it hangs: the heartbeat stops, and the supervisor replaces it
                kafka.check()
                beat(has_worked=True)
            stop.wait(CHECK_SECONDS)

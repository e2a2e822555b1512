"""`focusflow kafka`."""

import click


@click.command("kafka")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Where it listens, on this machine only. Unset, FOCUSFLOW_KAFKA_PORT."
)
def command(port: int | None) -> None:
    """Run an Apache Kafka of one node under the home, for development. Fetched by Maven the first time; needs Java 17.

    Example: focusflow kafka --port 9092
    """
    from cli import lifeline, long_running
    from focusflow.errors import SetupProblem
    from focusflow.settings import load_settings
    from ingestion.kafka.local_broker.server import local_broker

    lifeline.hold()
    settings = load_settings()
    stop = long_running.until_told_to_stop()
    with local_broker(settings.home / "kafka", port or settings.kafka_port) as broker:
        click.echo(f"Kafka answers at {broker.address}.")
        while not stop.wait(0.5):
            if broker.exit_code() is not None:
                raise SetupProblem(f"Apache Kafka ended by itself; {broker.log} says why.")

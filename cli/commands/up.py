"""`focusflow up`."""

import click


@click.command("up")
@click.option("--demo", is_flag=True, help="Add a few users with a year of data first. A second time changes nothing.")
@click.option(
    "--kafka", is_flag=True, help="Run an Apache Kafka as well, and send the events through it. Needs Java and Maven."
)
def command(demo: bool, kafka: bool) -> None:
    """Run everything: PostgreSQL, API, ingestion, Dagster and dashboard. Ctrl-C stops it all.

    Example: focusflow up --demo
    """
    from cli.console import Screen
    from cli.supervisor.lock import locked
    from cli.supervisor.run import run
    from cli.supervisor.signals import StopSignals
    from focusflow.database.installation import make_home
    from focusflow.settings import load_settings

    settings = load_settings()
    if demo:
        settings = settings.model_copy(update={"migrate_without_backup": True})
    make_home(settings.home)
    with StopSignals() as stopping, Screen() as screen:
        with locked(settings.home) as lock:
            run(settings, lock, screen, stopping, logins=_demo_logins() if demo else None, has_own_kafka=kafka)
        screen.report("Everything has stopped.")


def _demo_logins() -> dict[str, str]:
    from ingestion.demo import PASSWORD

    return {f"{name}@example.com": PASSWORD for name in ("demo", "analyst", "admin")}

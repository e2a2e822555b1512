"""`focusflow dagster`."""

import click


@click.command("dagster")
def command() -> None:
    """Run the Dagster web server, sensors and schedules in one process.

    Example: FOCUSFLOW_DAGSTER_PORT=3001 focusflow dagster
    """
    import os

    from cli import long_running
    from cli.supervisor.ports import require_free
    from focusflow.database.installation import make_home
    from focusflow.file_lock import single_process
    from focusflow.heartbeat import Heartbeat
    from focusflow.settings import load_settings

    settings = load_settings()
    make_home(settings.home)
    with single_process(settings.home / "dagster", "Dagster"):  # two would run each schedule and sensor twice
        require_free(settings, "dagster_port")
        os.environ.setdefault("FRESHNESS_DAEMON_INTERVAL_SECONDS", "300")  # Dagster reads it while it is imported
        # Imported here: it takes seconds, and what is wrong with the installation is said before.
        from pipelines.orchestration.server import serve

        long_running.configure_logging(settings)
        serve(settings, long_running.stop_event(), Heartbeat("dagster").of("dagster"))

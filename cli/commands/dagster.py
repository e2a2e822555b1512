"""`focusflow dagster`."""

import click


@click.command("dagster")
def command() -> None:
    """Run Dagster's web pages, sensors and schedules in one process.

    Example: FOCUSFLOW_DAGSTER_PORT=3001 focusflow dagster
    """
    from cli import lifeline, long_running
    from cli.supervisor.ports import require_free
    from focusflow.database.installation import make_home
    from focusflow.settings import load_settings

    lifeline.hold()
    settings = load_settings()
    make_home(settings.home)
    require_free(settings, "dagster_port")
    from pipelines.orchestration.server import (
        serve,  # takes seconds; what is wrong with the installation is said before
    )

    long_running.speak(settings)
    serve(settings, long_running.until_told_to_stop())

"""`focusflow dagster`."""

import click


@click.command("dagster")
def command() -> None:
    """Run Dagster's web pages, sensors and schedules in one process.

    Example: FOCUSFLOW_DAGSTER_PORT=3001 focusflow dagster
    """
    from focusflow.cli import lifeline, running
    from focusflow.database.installation import make_home
    from focusflow.settings import load_settings
    from focusflow.supervisor.ports import require_free

    lifeline.hold()
    settings = load_settings()
    make_home(settings.home)
    require_free(settings, "dagster_port")
    from pipelines.server import serve  # takes seconds; what is wrong with the installation is said before

    running.speak(settings)
    serve(settings, running.until_told_to_stop())

"""`focusflow dagster`."""

import click


@click.command("dagster")
def command() -> None:
    """Run Dagster's web pages, sensors and schedules in one process.

    Example: FOCUSFLOW_DAGSTER_PORT=3001 focusflow dagster
    """
    from focusflow.cli import lifeline, running
    from focusflow.settings import load_settings
    from pipelines.server import serve

    lifeline.hold()
    settings = load_settings()
    running.speak(settings.log_level)
    serve(settings, running.until_told_to_stop())

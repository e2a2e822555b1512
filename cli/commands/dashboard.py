"""`focusflow dashboard`."""

import click


@click.command("dashboard")
def command() -> None:
    """Serve the dashboard.

    Example: FOCUSFLOW_API_URL=http://127.0.0.1:8000 focusflow dashboard
    """
    from cli import long_running
    from cli.supervisor.ports import require_free
    from dashboard.server import create_app
    from focusflow.database.installation import make_home
    from focusflow.settings import load_settings

    settings = load_settings()
    make_home(settings.home)
    require_free(settings, "dashboard_port")
    long_running.configure_logging(settings)
    long_running.serve(create_app(settings), settings, settings.dashboard_port, graceful_seconds=3)

"""`focusflow dashboard`."""

import click


@click.command("dashboard")
def command() -> None:
    """Serve the dashboard.

    Example: FOCUSFLOW_API_URL=http://127.0.0.1:8000 focusflow dashboard
    """
    import uvicorn

    from cli import lifeline, long_running
    from cli.supervisor.ports import require_free
    from dashboard.server import create_app
    from focusflow.database.installation import make_home
    from focusflow.settings import load_settings

    lifeline.hold()
    settings = load_settings()
    make_home(settings.home)
    require_free(settings, "dashboard_port")
    long_running.speak(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.dashboard_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )

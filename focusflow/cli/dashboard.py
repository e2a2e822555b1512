"""`focusflow dashboard`."""

import click


@click.command("dashboard")
def command() -> None:
    """Serve the dashboard.

    Example: FOCUSFLOW_API_URL=http://127.0.0.1:8000 focusflow dashboard
    """
    import uvicorn

    from dashboard.server import create_app
    from focusflow.cli import lifeline, running
    from focusflow.database.installation import make_home
    from focusflow.settings import load_settings
    from focusflow.supervisor.ports import require_free

    lifeline.hold()
    settings = load_settings()
    make_home(settings.home)
    require_free(settings, "dashboard_port")
    running.speak(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.dashboard_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )

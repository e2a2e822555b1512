"""`focusflow api`."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipelines.engine.history import LakeHistory
    from reports.periods.builder import ReportBuilder


@click.command("api")
def command() -> None:
    """Serve the API.

    Example: FOCUSFLOW_API_PORT=8001 focusflow api
    """
    import gc
    import os

    from cli import long_running
    from cli.supervisor.ports import require_free
    from focusflow.database.installation import make_home, running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from focusflow.tracing import tracing
    from ingestion.demo import accounts as demo_accounts
    from operational_api.app import create_app

    settings = load_settings()
    make_home(settings.home)
    require_free(settings, "api_port")
    long_running.configure_logging(settings)
    with tracing(settings, "api"), running_database(settings) as url:
        with Database(url, connections=1) as database:
            demo_accounts.switch(database, on=os.environ.get("FOCUSFLOW_DEMO") == "1")
        app = create_app(settings, url, _history)
        gc.freeze()  # what was imported lives as long as the process: no request has to look through it for garbage
        long_running.serve(app, settings, settings.api_port, graceful_seconds=10)
        gc.unfreeze()


def _history(builder: "ReportBuilder") -> "LakeHistory":
    """Loaded by the first request that looks at the past: the API starts without the pipeline's code."""
    from pipelines.engine.history import LakeHistory

    return LakeHistory(builder)

"""`focusflow refresher`."""

import click


@click.command("refresher")
def command() -> None:
    """Refresh all tables continuously, whenever events have landed.

    Several may run: one is active, another takes over when it stops.

    Example: FOCUSFLOW_REFRESH_PAUSE_SECONDS=10 focusflow refresher
    """
    from focusflow.lake.arrow import skip_pandas

    skip_pandas()  # before what follows is imported
    from cli import long_running
    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.heartbeat import Heartbeat
    from focusflow.lake.session import Session, duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from focusflow.tracing import is_on, tracing
    from models.serving.registry import Registry
    from pipelines.engine import analyst_views
    from pipelines.engine.refresh import Refresh
    from pipelines.refresher.service import Refresher
    from pipelines.refresher.traced import TracedRefresh, Traces

    settings = load_settings()
    long_running.configure_logging(settings)
    lake, models = Lake.of(settings), Registry(settings.models_folder)
    with (
        running_database(settings) as url,
        Database(url, answer_timeout_seconds=long_running.ANSWER_TIMEOUT_SECONDS) as database,
        tracing(settings, "refresher"),
    ):
        analyst_views.write(database, settings.min_group_size, only_again=True)  # this version may have other columns
        traces = Traces(lake)

        def refresh(session: Session) -> Refresh:
            how = (lake, session, database, settings.buckets, clock.now(), models, settings.catalog_file)
            return TracedRefresh(*how, is_live=True, traces=traces) if is_on() else Refresh(*how, is_live=True)

        refresher = Refresher(
            lake,
            database,
            url,
            connect=lambda: duckdb_session(temp_directory=str(settings.home / "tmp")),
            refresh=refresh,
            pause_seconds=settings.refresh_pause_seconds,
        )
        refresher.run(long_running.stop_event(), Heartbeat("refresher").of("refresher"))

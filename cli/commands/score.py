"""`focusflow score`."""

from datetime import datetime

import click

from cli.options import DAY


@click.command("score")
@click.option("--day", type=DAY, metavar="DAY", help="Score the tasks open at noon (UTC) of a past day, as known then.")
def command(day: datetime | None) -> None:
    """Score all open tasks with the served model and publish the scores. For a past day, scores in the lake are recomputed with the
    model served then, and nothing is published.

    Example: focusflow score --day 2026-03-02
    """
    from datetime import UTC

    from focusflow import clock
    from focusflow.database.clock_check import require_agreement
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from models.serving.registry import Registry
    from pipelines.engine import priorities, publish_scores

    settings, now = load_settings(), clock.now()
    lake, registry = Lake.of(settings), Registry(settings.models_folder)
    session = duckdb_session(temp_directory=str(settings.home / "tmp"))
    if day is not None:
        noon = day.replace(hour=12, tzinfo=UTC)
        if noon >= now:
            raise click.UsageError("--day must be in the past.")
        scored = priorities.rebuild(lake, session, noon, registry)
        click.echo(f"{scored.tasks:,} tasks scored by {scored.by}.")
        return
    with running_database(settings) as url, Database(url) as database:
        require_agreement(database)
        scored = priorities.score_open_tasks(lake, session, settings.buckets, now, registry)
        count = publish_scores.publish_scores(lake, session, database, settings.buckets)
    click.echo(
        f"{scored.tasks:,} tasks scored by {scored.by}, {count:,} published." if scored.is_fresh else "No changes."
    )

"""`focusflow backup`."""

import click


@click.command("backup")
@click.argument("folder")
@click.option("--keep", type=click.IntRange(min=1), help="Delete all but this many of the newest backups afterwards.")
def command(folder: str, keep: int | None) -> None:
    """Back up the database, the lake and the signing key to a folder, or to s3://bucket/folder, while FocusFlow runs, and read the whole
    backup again. Files that are there are not copied again. FOCUSFLOW_BACKUP_KEY encrypts it.

    Example: focusflow backup /mnt/backups --keep 14
    """
    from focusflow import clock
    from focusflow.backup import back_up, prune
    from focusflow.backup_places import place_of
    from focusflow.database.installation import database_as_it_is
    from focusflow.errors import Problem
    from focusflow.last_runs import LastRun, record
    from focusflow.settings import load_settings
    from pipelines.engine import descriptions

    settings = load_settings()
    place = place_of(folder, settings)
    names = [table.spec.name for table in descriptions.TABLES]
    try:
        # A second one would clear away files that the first one has copied and not listed yet.
        with place.locked("A backup"), database_as_it_is(settings) as running:
            made = back_up(settings, running.url, place, names, clock.now())
            deleted = prune(place, keep, clock.now()) if keep else []
    except Problem:
        record(settings.home, "backup", LastRun(clock.now(), is_well=False, sentence="Backup failed,"))
        raise
    record(settings.home, "backup", LastRun(clock.now(), is_well=True, sentence=f"{place.label}/{made.name},"))
    click.echo(
        f"{place.label}/{made.name}: {len(made.tables)} tables, {made.copied} new files, and the database. All {len(made.digests)} files were read again."
    )
    for name in deleted:
        click.echo(f"{place.label}/{name} deleted.")

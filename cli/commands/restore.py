"""`focusflow restore`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click


@click.command("restore")
@click.argument("folder")
@click.option("--name", help="Which backup. Defaults to the newest.")
@click.option(
    "--erasures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with certificates of erasures, in addition to those beside the backups. Their users are erased again.",
)
@click.option("--check", is_flag=True, help="Only read the backup and compare every file with its digest.")
def command(folder: str, name: str | None, erasures: Path | None, check: bool) -> None:
    """Restore a backup from a folder, or from s3://bucket/folder, into an empty home, and verify it. Refused where there is data already.

    Example: FOCUSFLOW_HOME=/srv/focusflow focusflow restore /mnt/backups
    """
    from cli.supervisor.lock import read_announcement
    from focusflow.backup import ERASURES, backups, restore, verify
    from focusflow.backup_places import FolderPlace, place_of
    from focusflow.database.installation import database_as_it_is
    from focusflow.database.session import Database
    from focusflow.errors import SetupProblem
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.lake.verification import check as check_table
    from focusflow.settings import load_settings
    from ingestion.reconciliation import count, judge
    from pipelines.privacy.certificates import copy_missing
    from pipelines.privacy.erasure import Eraser

    settings = load_settings()
    place = place_of(folder, settings)
    found = {each.name: each for each in backups(place)}
    if not found or (name and name not in found):
        raise SetupProblem(
            f"There is no backup{f' {name}' if name else ''} in {folder}. It has: {', '.join(found) or 'none'}."
        )
    chosen = found[name or max(found)]
    if check:
        verify(settings, place, chosen)
        click.echo(f"{chosen.name}: all {len(chosen.digests)} files are as they were written.")
        return
    if read_announcement(settings.home):
        raise SetupProblem(f"FocusFlow runs on {settings.home}. Stop it, or set FOCUSFLOW_HOME to a new folder.")
    with database_as_it_is(settings) as running, TemporaryDirectory() as copies:
        for path in place.files(ERASURES):
            FolderPlace(Path(copies)).write(path, place.read(path))
        for certificates in filter(
            None, (Path(copies, ERASURES), erasures)
        ):  # first: whatever ends this, nobody comes back
            copy_missing(certificates, settings.erasures_folder)
        restore(settings, running.url, place, chosen)
        lake = Lake.of(settings)
        alone = settings.model_copy(update={"erasure_wait_hours": 0})  # nobody reads this lake yet
        with Database(running.url, connections=2) as database:
            erased = Eraser(database, lake, duckdb_session(), alone).run()["done"]
        checks = [whole for table in lake.names() if (whole := check_table(lake, table, is_deep=True))]
        sentences = [sentence for each in checks for sentence in each.sentences]
        with Database(running.url, connections=1) as database:
            verdict = judge(count(database, lake))
    for sentence in sentences:
        click.secho(sentence, fg="red", err=True)
    click.echo(f"{chosen.name} of version {chosen.version} is restored in {settings.home}. {verdict.sentence}")
    if erased:
        click.echo(f"{erased:,} users whose erasure was due or done since are erased.")
    click.echo("Run `focusflow up`: what was accepted after the lake was copied is landed and computed.")
    sys.exit(0 if verdict.is_sound and not sentences else 1)

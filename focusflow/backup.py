"""Backs up the database and the lake to a folder while everything runs, and restores them on an empty home.

The tables of the lake are pinned first, each before the tables that it is computed from, and the database is dumped last. So a restored
table never knows more than its inputs, and the lake never more than the database; what is missing is landed and computed again.

A backup is a folder of its own with a manifest. Data files never change, so all backups in one place share them: the next one copies only
what is new.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from focusflow import __version__
from focusflow.database.binaries import find_binaries
from focusflow.database.migrate import newest_revision, prepare
from focusflow.database.session import connect_once
from focusflow.errors import Problem, SetupProblem, Unavailable
from focusflow.lake import digests
from focusflow.lake.tables import RAW_EVENTS, Lake, Pinned, position_key
from focusflow.settings import Settings

MANIFEST, DUMP, FILES = "manifest.json", "database.dump", "files"
DUMP_SECONDS = 3 * 3600
#: Under the home, beside database and lake. The password of the embedded database belongs to its data folder and is made again.
SECRETS = ("signing-key",)


class BackupDamaged(Problem):
    """A backup lacks a file, or holds other bytes than it recorded."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `offsets` is how far the lake had taken in the log of each bucket; `digests` is by path from the folder of all backups."""

    made_at: str
    version: str
    schema: str
    buckets: int
    offsets: dict[str, int]
    tables: dict[str, int]
    digests: dict[str, str]
    copied: int = 0

    @property
    def name(self) -> str:
        """Sorts by time."""
        return f"{datetime.fromisoformat(self.made_at):%Y-%m-%dT%H%M%S.%f}Z"


def back_up(settings: Settings, url: str, place: Path, names: Iterable[str], now: datetime) -> Backup:
    """Write a backup. `names` are the tables, each after its inputs. The manifest comes last: a backup without one was cut off."""
    lake = Lake(settings.lake_location)
    if not lake.is_local:
        raise SetupProblem(
            f"The lake {lake.location} is a store. Back it up with the versions of the store, and Postgres with pg_dump."
        )
    pinned = list(_pinned(lake, names))
    backup = Backup(now.isoformat(), __version__, newest_revision(), settings.buckets, {}, {}, {})
    final = place / backup.name
    draft = place / f".{backup.name}.draft"
    _make(place)
    for stale in place.glob(".*.draft"):  # of a backup that was killed
        shutil.rmtree(stale)
    _make(draft)
    copied = 0
    try:
        for table in pinned:
            copied += _copy_table(table, place, draft, backup)
        raw = next((table for table in pinned if table.name == RAW_EVENTS.name), None)
        if raw:
            backup.offsets.update(
                {str(bucket): raw.position(position_key(bucket)) for bucket in range(settings.buckets)}
            )
        for source, target in _other_files(settings):
            _copy(source, draft / target)
        _run(settings, url, "pg_dump", "--format=custom", "--no-owner", f"--file={draft / DUMP}")
        for path in _files(draft):
            backup.digests[f"{backup.name}/{path.relative_to(draft)}"] = _digest(path)
        finished = Backup(**{**asdict(backup), "copied": copied})
        (draft / MANIFEST).write_text(json.dumps(asdict(finished), indent=1), encoding="utf-8")
        for path in _files(draft):
            _sync(path)
        draft.rename(final)
        _sync(place)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return finished


def restore(settings: Settings, url: str, place: Path, backup: Backup) -> None:
    """Verify a backup and put it in place. The lake appears last, as a whole."""
    lake = Path(settings.lake_location)
    _refuse(settings, url, backup)
    verify(place, backup)
    draft = lake.with_name(f".{lake.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)
    _make(draft)
    for path in backup.digests:
        first, _, rest = path.partition("/")
        if first == FILES:
            _copy(place / path, draft / rest)
        elif rest.startswith("lake/"):
            _copy(place / path, draft / rest.removeprefix("lake/"))
        elif rest.startswith("home/"):
            _copy(place / path, settings.home / rest.removeprefix("home/"))
    _restore_database(settings, url, place / backup.name / DUMP)
    if lake.exists():
        lake.rmdir()
    draft.rename(lake)


def verify(place: Path, backup: Backup) -> None:
    """Read every file and compare it with its digest."""
    for path, expected in backup.digests.items():
        file = place / path
        if not file.exists():
            raise BackupDamaged(f"The backup {backup.name} lacks the file {path}. Use an older backup.")
        if _digest(file) != expected:
            raise BackupDamaged(f"The file {path} of the backup {backup.name} has changed. Use an older backup.")


def backups(place: Path) -> list[Backup]:
    """The finished ones, the oldest first."""
    return [Backup(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(place.glob(f"*/{MANIFEST}"))]


def prune(place: Path, keep: int) -> list[str]:
    """Delete all but the newest backups, and the data files that none of them needs. Returns the names of those deleted."""
    found = backups(place)
    kept, old = found[-keep:], found[:-keep]
    for backup in old:
        (place / backup.name / MANIFEST).unlink()  # first: a backup that is cut off does not count
        shutil.rmtree(place / backup.name)
    needed = {path for backup in kept for path in backup.digests}
    for path in _files(place / FILES):
        if path.relative_to(place).as_posix() not in needed:
            path.unlink()
    return [backup.name for backup in old]


def _pinned(lake: Lake, names: Iterable[str]) -> Iterator[Pinned]:
    """Outputs before their inputs; what is in no list, raw and quarantine, last."""
    order = [name for name in reversed(list(names)) if name != RAW_EVENTS.name]
    others = [name for name in lake.names() if name not in order and name != RAW_EVENTS.name]
    for name in (*order, *others, RAW_EVENTS.name):
        if table := lake.pinned(name):
            yield table


def _copy_table(table: Pinned, place: Path, draft: Path, backup: Backup) -> int:
    """The data files of a version into the common place, and its log into the backup. Returns how many files were new."""
    root = table.root
    assert root is not None
    recorded, copied = digests.read(root).files, 0
    for path in table.sizes():
        target = place / FILES / table.name / path
        known = recorded.get(path)
        if not target.exists():
            _copy(root / path, target)
            copied += 1
            if known and _digest(target) != known.sha256:
                target.unlink()
                raise Unavailable(f"The file {table.name}/{path} is damaged. Run `focusflow verify --deep --repair`.")
        backup.digests[f"{FILES}/{table.name}/{path}"] = known.sha256 if known else _digest(target)
    for source in _log(root, table.version):
        _copy(source, draft / "lake" / table.name / "_delta_log" / source.name)
    backup.tables[table.name] = table.version
    return copied


def _log(root: Path, version: int) -> list[Path]:
    """The newest checkpoint up to a version, and the entries that follow it."""
    log = root / "_delta_log"
    checkpoints: dict[int, list[Path]] = {}
    for path in log.iterdir():
        if (found := digests.CHECKPOINT.fullmatch(path.name)) and int(found[1]) <= version:
            checkpoints.setdefault(int(found[1]), []).append(path)
    first = max(checkpoints, default=-1)
    entries = [log / f"{number:020}.json" for number in range(first + 1, version + 1)]
    newest = log / f"{first:020}.json"
    return [*checkpoints.get(first, []), *([newest] if newest.exists() else []), *entries]


def _other_files(settings: Settings) -> Iterator[tuple[Path, str]]:
    for name in SECRETS:
        if (path := settings.home / "secrets" / name).exists():
            yield path, f"home/secrets/{name}"
    models, lake = settings.models_folder, Path(settings.lake_location)
    for path in _files(models):
        inside = lake in path.parents
        yield path, f"lake/{path.relative_to(lake)}" if inside else f"home/{path.relative_to(settings.home)}"


def _refuse(settings: Settings, url: str, backup: Backup) -> None:
    lake = Path(settings.lake_location)
    if backup.schema > newest_revision():
        raise SetupProblem(
            f"The backup was made by version {backup.version}, which is newer. Install that version first."
        )
    if backup.buckets != settings.buckets:
        raise SetupProblem(f"The backup has {backup.buckets} buckets. Set FOCUSFLOW_BUCKETS={backup.buckets}.")
    if lake.exists() and any(lake.iterdir()):
        raise SetupProblem(f"There is a lake in {lake} already. Set FOCUSFLOW_HOME to a new folder to restore into.")
    with connect_once(url) as connection:
        # Whether they hold rows is not asked: row-level security may hide them from this account.
        found = connection.execute("select from pg_tables where schemaname = 'public' limit 1").fetchone()
    if found is not None:
        raise SetupProblem("The database has tables already. Restore into an empty database.")


def _restore_database(settings: Settings, url: str, dump: Path) -> None:
    prepare(url, settings.buckets)  # for the roles, which belong to the server and are not in a dump
    with connect_once(url) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    _run(settings, url, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname=", str(dump))
    with connect_once(url) as connection:
        # It may be of a later version of the lake than the one that is restored: the next refresh publishes all of it.
        connection.execute("truncate published_rows, published_product, publications")
    prepare(url, settings.buckets)


def _run(settings: Settings, url: str, program: str, *arguments: str) -> None:
    """A program of PostgreSQL. The password goes by the environment: arguments can be seen by other users of the machine."""
    binaries = find_binaries(settings.home / "postgres" / "data", settings.home / "postgres" / "server.log")
    done = subprocess.run(
        [binaries.folder / program, *arguments],
        env=_environment(url),
        capture_output=True,
        text=True,
        timeout=DUMP_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{program} failed: {done.stderr.strip()[-500:]}")


def _environment(url: str) -> Mapping[str, str]:
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
    }
    told: dict[str, Any] = conninfo_to_dict(url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {names[name]: str(value) for name, value in told.items() if name in names} | {"LC_ALL": "C"}


def _files(folder: Path) -> Collection[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    """Under another name first, so that a file that is there is whole."""
    _make(target.parent)
    draft = target.with_name(f".{target.name}.new")
    try:
        shutil.copyfile(source, draft)
    except FileNotFoundError as error:
        raise Unavailable(f"The file {source} was cleared away meanwhile. Run the backup again.") from error
    draft.chmod(0o600)
    _sync(draft)
    draft.rename(target)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

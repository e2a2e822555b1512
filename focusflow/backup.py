"""Backs up the database and the lake to a folder or an object store while everything runs, and restores them on an empty home.

The tables of the lake are pinned first, each before the tables that it is computed from, and the database is dumped last. So a restored
table never knows more than its inputs, and the lake never more than the database; what is missing is landed and computed again.

A backup is a folder of its own with a manifest. Data files never change, so all backups in one place share them: the next one copies only
what is new. With a key, everything but the manifest is encrypted; encrypted data files have a folder of their own.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from focusflow import __version__
from focusflow.backup_files import BackupDamaged, BackupFiles, key_of
from focusflow.backup_places import FolderPlace, Place, StorePlace, chunks, make_folder, place_of
from focusflow.database.binaries import find_binaries
from focusflow.database.migrate import newest_revision, prepare, revision_of
from focusflow.database.session import Database, connect_once
from focusflow.erasure import erasures_locked
from focusflow.errors import Conflict, SetupProblem, Unavailable
from focusflow.lake import digests
from focusflow.lake.tables import RAW_EVENTS, RESTORING, Lake, Pinned, position_key
from focusflow.settings import Settings

MANIFEST, DUMP, FILES, ENCRYPTED_FILES = "manifest.json", "database.dump", "files", "files.encrypted"
#: The hashes of erased users, beside all backups and not encrypted: an older backup must not bring a user back.
ERASURES = "erasures"
#: The folder of a backup, which sorts by time. A place may have other folders, also of others.
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{6}Z")
#: Views of analysts belong to a role, which a dump leaves out. `focusflow analysts` writes them again.
WITHOUT_VIEWS = "--exclude-schema=gold"

DUMP_SECONDS = 3 * 3600
#: Under the home, beside database and lake. The password of the embedded database belongs to its data folder and is made again.
SECRETS = ("signing-key",)
#: Where models are in a backup, whatever the lake is.
MODELS = "lake/models/priority/"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `offsets` is how far the lake had taken in the log of each bucket; `digests` is by scope and path of a file."""

    made_at: str
    version: str
    schema: str
    buckets: int
    offsets: dict[str, int]
    tables: dict[str, int]
    digests: dict[str, str]
    copied: int = 0
    is_encrypted: bool = False

    @property
    def name(self) -> str:
        """Sorts by time."""
        return f"{datetime.fromisoformat(self.made_at):%Y-%m-%dT%H%M%S.%f}Z"

    def files(self, place: Place, settings: Settings) -> Callable[[str], tuple[BackupFiles, str]]:
        """Where a file is that the manifest names."""
        key = _key(settings)
        if self.is_encrypted and key is None:
            raise SetupProblem(f"The backup {self.name} is encrypted. Set FOCUSFLOW_BACKUP_KEY to its key.")

        def found(name: str) -> tuple[BackupFiles, str]:
            scope, _, path = name.partition("/")
            return BackupFiles(place, scope, key if self.is_encrypted else None), path

        return found


def back_up(settings: Settings, url: str, place: Place, names: Iterable[str], now: datetime) -> Backup:
    """Write a backup, and read all of it again. `names` are the tables, each after its inputs. The manifest comes last: a backup without one
    was cut off.
    """
    schema = revision_of(url)
    if schema is None:
        raise SetupProblem("There is nothing to back up yet: the database has no schema. `focusflow up` creates it.")
    with Database(url, connections=1) as database, erasures_locked(database) as is_alone:
        if not is_alone:
            raise Conflict("A user is being erased. Back up when that is done: `focusflow erase --list` shows it.")
        return _back_up(settings, url, place, names, now, schema=schema)


def _back_up(settings: Settings, url: str, place: Place, names: Iterable[str], now: datetime, *, schema: str) -> Backup:
    lake, key = Lake.of(settings), _key(settings)
    pinned = list(_pinned(lake, names))
    backup = Backup(now.isoformat(), __version__, schema, settings.buckets, {}, {}, {}, is_encrypted=key is not None)
    _clear_away_unfinished(place, now)
    own, scope = BackupFiles(place, backup.name, key), FILES if key is None else ENCRYPTED_FILES
    shared = BackupFiles(place, scope, key)
    try:
        tables = place_of(lake.location, settings)
        known = _newest_digests(place)
        present = {name: known.get(name) for name in place.files(scope)}
        copied = sum(_copy_table(table, tables, shared, own, backup=backup, present=present) for table in pinned)
        raw = next((table for table in pinned if table.name == RAW_EVENTS.name), None)
        if raw:
            backup.offsets.update(
                {str(bucket): raw.position(position_key(bucket)) for bucket in range(settings.buckets)}
            )
        for source, target in _other_files(settings):
            backup.digests[own.name(target)] = own.write(target, _content(source))
        with _program(
            settings, url, "pg_dump", "--format=custom", "--no-owner", WITHOUT_VIEWS, stdout=subprocess.PIPE
        ) as dump:
            assert dump.stdout
            backup.digests[own.name(DUMP)] = own.write(DUMP, chunks(dump.stdout))
        finished = replace(backup, copied=copied)
        for source in settings.erasures_folder.glob("*.json"):
            BackupFiles(place, ERASURES, None).write(source.name, _content(source))
        BackupFiles(place, backup.name, None).write(MANIFEST, [json.dumps(asdict(finished), indent=1).encode()])
    except BaseException:
        with suppress(OSError, Unavailable):  # else the next backup clears it away
            place.delete_folder(backup.name)
        raise
    try:
        verify(settings, place, finished, "Back up into a new folder.")
    except BackupDamaged:
        _delete(place, finished)
        raise
    return finished


def restore(settings: Settings, url: str, place: Place, backup: Backup) -> None:
    """Verify a backup and put it in place. The lake appears last, as a whole."""
    _refuse(settings, url, backup)
    verify(settings, place, backup)
    draft = _draft(settings)
    draft.begin()
    files, last = backup.files(place, settings), list[str]()
    home, models = FolderPlace(settings.home), FolderPlace(settings.models_folder)
    for name in backup.digests:
        stored, path = files(name)
        if stored.scope != backup.name:
            draft.place.write(path, stored.read(path))
        elif path.startswith(MODELS) and isinstance(draft, StoreDraft):
            models.write(path.removeprefix(MODELS), stored.read(path))
        elif path.startswith("lake/"):
            last.append(name)
        elif path.startswith("home/"):
            home.write(path.removeprefix("home/"), stored.read(path))
    _restore_database(settings, url, files(f"{backup.name}/{DUMP}")[0].read(DUMP))
    for name in last:
        stored, path = files(name)
        draft.place.write(path.removeprefix("lake/"), stored.read(path))
    draft.finish()


@dataclass(frozen=True, slots=True)
class FolderDraft:
    """A lake that is written beside its folder, and then takes its place."""

    lake: Path

    @property
    def place(self) -> FolderPlace:
        return FolderPlace(self.lake.with_name(f".{self.lake.name}.restoring"))

    @property
    def is_free(self) -> bool:
        return not (self.lake.exists() and any(self.lake.iterdir()))

    def begin(self) -> None:
        shutil.rmtree(self.place.root, ignore_errors=True)
        make_folder(self.place.root)

    def finish(self) -> None:
        if self.lake.exists():
            self.lake.rmdir()
        self.place.root.rename(self.lake)


@dataclass(frozen=True, slots=True)
class StoreDraft:
    """A lake that is written where it stays. Nobody begins tables there as long as the file is there that says so."""

    place: StorePlace

    @property
    def is_free(self) -> bool:
        files = self.place.files()
        return not files or RESTORING in files

    def begin(self) -> None:
        """Over what a restore left that was cut off."""
        for path in self.place.files():
            if path != RESTORING:
                self.place.delete(path)
        self.place.write(RESTORING, [])

    def finish(self) -> None:
        self.place.delete(RESTORING)


def _draft(settings: Settings) -> FolderDraft | StoreDraft:
    place = place_of(settings.lake_location, settings)
    return StoreDraft(place) if isinstance(place, StorePlace) else FolderDraft(Path(settings.lake_location))


def verify(settings: Settings, place: Place, backup: Backup, advice: str = "Use an older backup.") -> None:
    """Read every file and compare it with its digest."""
    files = backup.files(place, settings)
    for name, expected in backup.digests.items():
        stored, path = files(name)
        try:
            found = stored.digest(path)
        except FileNotFoundError as error:
            raise BackupDamaged(f"The backup {backup.name} lacks the file {name}. {advice}") from error
        except BackupDamaged as problem:
            raise BackupDamaged(f"{problem} {advice}") from problem
        if found != expected:
            raise BackupDamaged(f"The file {name} of the backup {backup.name} has changed. {advice}")


def backups(place: Place) -> list[Backup]:
    """The finished ones, the oldest first."""
    return [found for name in place.folders() if NAME.fullmatch(name) and (found := _manifest(place, name))]


def _manifest(place: Place, name: str) -> Backup | None:
    """None where the backup was cut off."""
    try:
        return Backup(**json.loads(b"".join(place.read(f"{name}/{MANIFEST}"))))
    except FileNotFoundError:
        return None


def prune(place: Place, keep: int, now: datetime) -> list[str]:
    """Delete all but the newest backups, and the data files that none of them needs. Returns the names of those deleted."""
    found = backups(place)
    kept, old = found[-keep:], found[:-keep]
    for backup in old:
        _delete(place, backup)
    needed = {name for backup in kept for name in backup.digests}
    for path, written_at in {**place.files(FILES), **place.files(ENCRYPTED_FILES)}.items():
        if path not in needed and written_at <= now - place.unfinished_age:
            place.delete(path)
    return [backup.name for backup in old]


def _delete(place: Place, backup: Backup) -> None:
    place.delete(f"{backup.name}/{MANIFEST}")  # first: a backup that is cut off does not count
    place.delete_folder(backup.name)


def _clear_away_unfinished(place: Place, now: datetime) -> None:
    """What is left of backups that were killed."""
    for name in place.folders():
        if not NAME.fullmatch(name) or _manifest(place, name):
            continue
        if max(place.files(name).values(), default=now) <= now - place.unfinished_age:
            place.delete_folder(name)


def _key(settings: Settings) -> bytes | None:
    return key_of(settings.backup_key.get_secret_value()) if settings.backup_key else None


def _pinned(lake: Lake, names: Iterable[str]) -> Iterator[Pinned]:
    """Outputs before their inputs; what is in no list, raw and quarantine, last."""
    order = [name for name in reversed(list(names)) if name != RAW_EVENTS.name]
    others = [name for name in lake.names() if name not in order and name != RAW_EVENTS.name]
    for name in (*order, *others, RAW_EVENTS.name):
        if table := lake.pinned(name):
            yield table


def _newest_digests(place: Place) -> Mapping[str, str]:
    found = backups(place)
    return found[-1].digests if found else {}


def _copy_table(
    table: Pinned,
    source: Place,
    shared: BackupFiles,
    own: BackupFiles,
    *,
    backup: Backup,
    present: Mapping[str, str | None],
) -> int:
    """The data files of a version into the common place, unless they are present, and its log into the backup. Returns how many were new.

    `present` is what the common place has, with the digests that are known. A lake in a store has no digests of its own.
    """
    recorded, copied = digests.read(table.root).files if table.root else {}, 0
    for file in table.sizes():
        path, found = f"{table.name}/{file}", None
        name = shared.name(path)
        known = recorded[file].sha256 if file in recorded else present.get(name)
        if name not in present:
            found = shared.write(path, _copied(source, path))
            copied += 1
            if known and found != known:
                shared.place.delete(name)
                raise Unavailable(f"The file {path} is damaged. Run `focusflow verify --deep --repair`.")
        backup.digests[name] = known or found or shared.digest(path)
    log = f"{table.name}/_delta_log"
    for entry in _log({path.rpartition("/")[2] for path in source.files(log)}, table.version):
        path = f"lake/{log}/{entry}"
        backup.digests[own.name(path)] = own.write(path, _copied(source, f"{log}/{entry}"))
    backup.tables[table.name] = table.version
    return copied


def _log(names: Collection[str], version: int) -> list[str]:
    """The newest checkpoint up to a version, and the entries that follow it."""
    checkpoints: dict[int, list[str]] = {}
    for name in names:
        if (found := digests.CHECKPOINT.fullmatch(name)) and int(found[1]) <= version:
            checkpoints.setdefault(int(found[1]), []).append(name)
    first = max(checkpoints, default=-1)
    entries = [f"{number:020}.json" for number in range(first + 1, version + 1)]
    newest = f"{first:020}.json"
    return [*checkpoints.get(first, []), *([newest] if newest in names else []), *entries]


def _other_files(settings: Settings) -> Iterator[tuple[Path, str]]:
    for name in SECRETS:
        if (path := settings.home / "secrets" / name).exists():
            yield path, f"home/secrets/{name}"
    for path in _files(settings.models_folder):
        yield path, f"{MODELS}{path.relative_to(settings.models_folder)}"


def _refuse(settings: Settings, url: str, backup: Backup) -> None:
    if backup.schema > newest_revision():
        raise SetupProblem(
            f"The backup was made by version {backup.version}, which is newer. Install that version first."
        )
    if backup.buckets != settings.buckets:
        raise SetupProblem(f"The backup has {backup.buckets} buckets. Set FOCUSFLOW_BUCKETS={backup.buckets}.")
    if not _draft(settings).is_free:
        setting = "FOCUSFLOW_LAKE" if settings.lake_url else "FOCUSFLOW_HOME"
        raise SetupProblem(
            f"There is a lake in {settings.lake_location} already. Set {setting} to a new folder to restore into."
        )
    with connect_once(url) as connection:
        # Whether they hold rows is not asked: row-level security may hide them from this account.
        found = connection.execute("select from pg_tables where schemaname = 'public' limit 1").fetchone()
    if found is not None:
        raise SetupProblem("The database has tables already. Restore into an empty database.")


def _restore_database(settings: Settings, url: str, dump: Iterable[bytes]) -> None:
    prepare(url, settings.buckets)  # for the roles, which belong to the server and are not in a dump
    with connect_once(url) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    how = ("--no-owner", "--exit-on-error", "--single-transaction", "--dbname=")
    with _program(settings, url, "pg_restore", *how, stdin=subprocess.PIPE) as program:
        assert program.stdin
        with suppress(BrokenPipeError):  # the program failed, and says why
            for chunk in dump:
                program.stdin.write(chunk)
            program.stdin.close()
    with connect_once(url) as connection:
        # It may be of a later version of the lake than the one that is restored: the next refresh publishes all of it.
        connection.execute("truncate published_rows, published_product, publications")
    prepare(url, settings.buckets)


@contextmanager
def _program(
    settings: Settings, url: str, name: str, *arguments: str, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program of PostgreSQL. The password goes by the environment: arguments can be seen by other users of the machine."""
    binaries = find_binaries(settings.home / "postgres" / "data", settings.home / "postgres" / "server.log")
    with TemporaryFile() as errors:
        command = [str(binaries.folder / name), *arguments]
        program = subprocess.Popen(command, env=_environment(url), stdin=stdin, stdout=stdout, stderr=errors)
        deadline = Timer(DUMP_SECONDS, program.kill)
        deadline.start()
        try:
            yield program
            failed = program.wait()
        finally:
            deadline.cancel()
            if program.poll() is None:
                program.kill()
                program.wait()
            for pipe in (program.stdin, program.stdout):
                if pipe:
                    pipe.close()
        if failed:
            errors.seek(0)
            raise Unavailable(f"{name} failed: {errors.read().decode(errors='replace').strip()[-500:]}")


def _environment(url: str) -> Mapping[str, str]:
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
    }
    parameters: dict[str, Any] = conninfo_to_dict(url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {names[name]: str(value) for name, value in parameters.items() if name in names} | {"LC_ALL": "C"}


def _files(folder: Path) -> Collection[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _content(path: Path) -> Iterator[bytes]:
    return _copied(FolderPlace(path.parent), path.name)


def _copied(source: Place, path: str) -> Iterator[bytes]:
    try:
        yield from source.read(path)
    except FileNotFoundError as error:
        raise Unavailable(f"The file {path} was cleared away meanwhile. Run the backup again.") from error

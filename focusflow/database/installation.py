"""Opens the database of this installation at this version's schema: embedded under the home, or external by its URL."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from focusflow import last_runs
from focusflow.clock import now
from focusflow.database.embedded import embedded_server, never
from focusflow.database.migrate import prepare
from focusflow.errors import SetupProblem, Unavailable
from focusflow.settings import Settings

BACKUP_AGE = timedelta(days=1)  # of a backup that lets a migration begin
PREPARE_ATTEMPTS = 3  # when the embedded server dies while it is prepared


@dataclass(frozen=True, slots=True)
class Running:
    """The URL of the database, and how to restart it. An external one is never restarted."""

    url: str
    revive: Callable[[], bool]


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """The URL of the database for the length of the block. An embedded server is started if it does not run."""
    with revivable_database(settings) as running:
        yield running.url


@contextmanager
def revivable_database(settings: Settings, *, is_cancelled: Callable[[], bool] = never) -> Iterator[Running]:
    with database_as_it_is(settings, is_cancelled=is_cancelled) as running:
        _prepare(running, settings)
        yield running


def _prepare(running: Running, settings: Settings) -> None:
    for attempt in range(1, PREPARE_ATTEMPTS + 1):
        try:
            return prepare(running.url, settings.buckets, may_migrate=partial(_is_backed_up, settings))
        except Unavailable:
            if attempt == PREPARE_ATTEMPTS or settings.database_url:
                raise
            running.revive()
    return None


def _is_backed_up(settings: Settings) -> bool:
    """Whether the database may be migrated: an earlier version cannot read it afterwards."""
    backup = last_runs.read(settings.home, "backup")
    is_recent = backup is not None and backup.is_well and now() - backup.at < BACKUP_AGE
    return is_recent or settings.migrate_without_backup


@contextmanager
def database_as_it_is(settings: Settings, *, is_cancelled: Callable[[], bool] = never) -> Iterator[Running]:
    """The database without migrating its schema, for read-only commands."""
    make_home(settings.home)
    if settings.database_url:
        yield Running(settings.database_url.get_secret_value(), lambda: False)
    else:
        with embedded_server(settings.home, is_cancelled=is_cancelled) as server:
            yield Running(server.url, server.ensure_running)


def make_home(home: Path) -> None:
    """Create the home, private to its owner. Root's can be passed through until its PostgreSQL, which runs as another user, has started."""
    try:
        if not home.exists():
            if os.geteuid() == 0:
                for parent in reversed([each for each in home.parents if not each.exists()]):
                    parent.mkdir(exist_ok=True)
                    parent.chmod(0o755)  # whatever the umask
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise SetupProblem(
            f"The home {home} cannot be used ({error.strerror}). Make it writable, or set FOCUSFLOW_HOME to another folder."
        ) from error

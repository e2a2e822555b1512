"""The database of this installation, running and at this version's schema: embedded under the home, or external by its URL."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.errors import SetupProblem
from focusflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Running:
    """Where the database is, and how to bring it back should it die. An external one is not ours to start."""

    url: str
    revive: Callable[[], bool]


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """The address of the database, for the length of the block. The embedded server is attached to, or started."""
    with revivable_database(settings) as running:
        yield running.url


@contextmanager
def revivable_database(settings: Settings) -> Iterator[Running]:
    with database_as_it_is(settings) as running:
        prepare(running.url, settings.buckets)
        yield running


@contextmanager
def database_as_it_is(settings: Settings) -> Iterator[Running]:
    """Without bringing its schema to this version: to look at it."""
    make_home(settings.home)
    if settings.database_url:
        yield Running(settings.database_url.get_secret_value(), lambda: False)
    else:
        with embedded_server(settings.home) as server:
            yield Running(server.url, server.ensure_running)


def make_home(home: Path) -> None:
    """Nobody else looks into it. Root's may be passed through, for its PostgreSQL runs as another user."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise SetupProblem(
            f"The home {home} cannot be used ({error.strerror}). Make it writable, or set FOCUSFLOW_HOME to another folder."
        ) from error

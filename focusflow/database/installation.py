"""The database of this installation, running and at this version's schema: embedded under the home, or external by its URL."""

from collections.abc import Iterator
from contextlib import contextmanager

from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.settings import Settings


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """The address of the database, for the length of the block. The embedded server is attached to, or started."""
    if settings.database_url:
        url = settings.database_url.get_secret_value()
        prepare(url, settings.buckets)
        yield url
        return
    with embedded_server(settings.home) as server:
        prepare(server.url, settings.buckets)
        yield server.url

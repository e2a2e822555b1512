"""Whether the API can work. It is asked in a thread and through a connection of its own: a crowd of requests, a frozen server or a name
that nobody resolves delays the answer, but never for long.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from psycopg.rows import DictRow

from focusflow import clock
from focusflow.database.clock_check import clock_skew, clock_warnings
from focusflow.database.migrate import newest_revision
from focusflow.database.session import Database
from focusflow.errors import Unavailable
from focusflow.lake.tables import Lake, newest_event
from focusflow.settings import Settings
from focusflow.storage import check_room

#: Within two seconds there is an answer; the database has a little less.
ANSWER_SECONDS = 1.5
DATABASE_SECONDS = 1.0

#: How often the log of the lake is read for its newest event.
LAKE_SECONDS = 60

REVISION: LiteralString = "select version_num from alembic_version"

#: Larger than what a table begins with, so that the server has to ask the disk for room.
WRITE: LiteralString = (
    "create temp table room on commit drop as select repeat(md5(n::text), 60) from generate_series(1, 64) as n"
)


class Readiness:
    """Looks when it is asked. Callers that come during a look share what it finds."""

    def __init__(self, settings: Settings, database_url: str, served: Database) -> None:
        self._served, self._home, self._lake = served, settings.home, Lake.of(settings)
        self._database = Database(
            database_url,
            connections=1,
            statement_timeout_ms=int(DATABASE_SECONDS * 1000),
            answer_timeout_seconds=DATABASE_SECONDS,
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._revision = newest_revision()
        self._pending: asyncio.Future[list[str]] | None = None
        self._newest_event: datetime | None = None
        self._lake_read_at: float | None = None

    def __enter__(self) -> Self:
        self._database.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=False)
        self._database.__exit__()

    async def check(self) -> list[str]:
        """What an operator should look at. Raises where the API cannot work."""
        look = self._pending
        if look is None or look.done():
            look = self._pending = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            look.add_done_callback(lambda ended: ended.exception())  # also where nobody waits for it any longer
        done, _ = await asyncio.wait({look}, timeout=ANSWER_SECONDS)
        if not done:
            raise Unavailable(f"The database or a disk has not answered for {ANSWER_SECONDS} seconds.")
        return look.result()

    def _look(self) -> list[str]:
        check_room([self._home, *([Path(self._lake.location)] if self._lake.is_local else [])])
        try:
            with self._database.owner() as connection:
                return self._ask(connection)
        except psycopg.ProgrammingError as error:
            raise Unavailable(
                "The database has no schema yet. Start `focusflow up`, or any command that opens it."
            ) from error

    def _ask(self, connection: psycopg.Connection[DictRow]) -> list[str]:
        row = connection.execute(REVISION).fetchone()
        if row is None or row["version_num"] != self._revision:
            raise Unavailable("The database has the schema of another version of FocusFlow.")
        if self._served.is_full:
            connection.execute(WRITE)
            self._served.is_full = False
        skew = clock_skew(connection)
        return clock_warnings(skew, clock.now() - skew, self._read_newest_event())

    def _read_newest_event(self) -> datetime | None:
        """Of a lake that is a folder: a remote one may not answer, and the API works without."""
        now = time.monotonic()
        if self._lake.is_local and (self._lake_read_at is None or now - self._lake_read_at > LAKE_SECONDS):
            self._newest_event, self._lake_read_at = newest_event(self._lake), now
        return self._newest_event

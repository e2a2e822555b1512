"""Imports that wait in the database: previews, imports and undos of uploads, each in a process of its own.

A process per import keeps a file that takes long, or takes all memory, from anybody else. Two run at a time, and one per user.
"""

import logging
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol, Self
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import Problem, Unavailable
from ingestion.importers import csv_table
from ingestion.importers.engine.files import Malformed, Upload, read_table
from ingestion.importers.engine.importing import Account, ImportNotFound, Report, import_upload, undo_import

log = logging.getLogger(__name__)

QUERIES: Final = load_queries(Path(__file__).with_name("jobs.sql"))

AT_ONCE = 2
POLL_SECONDS = 1.0

#: An import of so long is ended. 100,000 tasks take less than one minute.
JOB_SECONDS = 900

#: So much memory may it use, so that no other process has to end for it.
JOB_BYTES = 4 * 1024**3

#: Whoever claimed an import says so often that they still work on it; another may claim it after this time.
RENEW_SECONDS, LEASE = 10.0, timedelta(seconds=60)

#: An import whose process ended so often is given up.
ATTEMPTS = 3

#: Priority below that of the processes that somebody waits for.
NICENESS = 10

ENDED = "The import ended before it was done. The file may be too large for this machine. Nothing was imported."
TOO_LONG = f"The import took longer than {JOB_SECONDS // 60} minutes and was ended. Nothing was imported."
DATABASE = "FOCUSFLOW_DATABASE_URL"


class Process(Protocol):
    """What is asked of a process."""

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def kill(self) -> None: ...


def start_process(url: str, import_id: UUID) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", __name__, str(import_id)], env=os.environ | {DATABASE: url})


@dataclass(slots=True)
class Running:
    """A process with its import, and when it has to be over."""

    process: Process
    until: float


@dataclass(slots=True)
class ImportQueue:
    """Starts a process for each import that waits. A context manager that works in a thread of its own."""

    database: Database
    url: str
    start: Callable[[str, UUID], Process] = start_process
    _running: dict[UUID, Running] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.stop_all()

    def turn(self) -> None:
        """Look after those that run, and start what waits while there is room."""
        for import_id, running in list(self._running.items()):
            self._look_after(import_id, running)
        while len(self._running) < AT_ONCE and (claimed := self._claim()):
            self._running[claimed] = Running(self.start(self.url, claimed), time.monotonic() + JOB_SECONDS)

    def stop_all(self) -> None:
        """End what runs. It waits again, and nothing of it was written."""
        for running in self._running.values():
            running.process.kill()
            running.process.wait()
        try:
            with self.database.transaction(Role.INGESTION) as tx:
                tx.run(QUERIES["release"], {"ids": list(self._running)})
        except Unavailable:
            log.warning("the database is away: imports go on after %s", LEASE)
        self._running.clear()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.turn()
            except Unavailable as problem:
                log.warning("imports wait: %s", problem)

    def _look_after(self, import_id: UUID, running: Running) -> None:
        code = running.process.poll()
        if code is None and time.monotonic() > running.until:
            running.process.kill()
            running.process.wait()
            fail(self.database, import_id, TOO_LONG)
        elif code is None:
            return
        elif code != 0:
            log.error("the process of import %s ended with %d", import_id, code)
            fail(self.database, import_id, ENDED)
        del self._running[import_id]

    def _claim(self) -> UUID | None:
        with self.database.transaction(Role.INGESTION) as tx:
            row = tx.one(QUERIES["claim"], {"now": tx.now, "expired": tx.now - LEASE})
        if row is None:
            return None
        import_id: UUID = row["id"]
        if row["attempts"] <= ATTEMPTS:
            return import_id
        fail(self.database, import_id, ENDED)
        return None


def fail(database: Database, import_id: UUID, problem: str) -> None:
    with database.transaction(Role.INGESTION) as tx:
        tx.run(QUERIES["fail"], {"id": import_id, "problem": problem, "now": tx.now})


def run_job(database: Database, import_id: UUID) -> None:
    """Do what an import waits for. Its row says how that went."""
    with database.transaction(Role.INGESTION) as tx:
        row = tx.one(QUERIES["account"], {"id": import_id})
    if row is None:
        return  # discarded in the meantime
    account = Account(row["id"], row["timezone"])
    try:
        with _renewed(database, import_id):
            _do(database, account, import_id)
    except Unavailable:
        raise
    except ImportNotFound:
        return
    except Problem as problem:
        fail(database, import_id, str(problem))


def _do(database: Database, account: Account, import_id: UUID) -> None:
    with database.transaction(Role.API, account.id) as tx:
        row = tx.one(QUERIES["waiting"], {"id": import_id})
        if row is None:
            return
        content = b"".join(each["content"] for each in tx.all(QUERIES["content"], {"id": import_id}))
    if row["status"] == "undoing":
        undo_import(database, account, import_id)
        return
    upload, chosen = Upload(row["file_name"], content), (row["columns"] or {}).get("chosen")
    is_preview = row["status"] == "previewing"
    report = import_upload(
        database,
        account,
        upload,
        format_name=row["format"],
        columns=chosen,
        is_dry_run=is_preview,
        waiting_id=import_id,
        progress=_progress(database, import_id),
    )
    if is_preview:
        columns = _columns(upload, report, chosen)
        with database.transaction(Role.API, account.id) as tx:
            values = {"id": import_id, "now": tx.now, "columns": columns and Jsonb(columns, dumps=orjson.dumps)}
            tx.run(QUERIES["show_preview"], values | report.description())


def _columns(upload: Upload, report: Report, chosen: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the columns of a table are taken for, what there is to choose from, and what was chosen."""
    if report.columns is None:
        return None
    try:
        header = [name for name in read_table(upload.files[0].text).header if name.strip()]
    except Malformed:
        header = []
    return {"mapping": report.columns, "header": header, "fields": list(csv_table.NAMES), "chosen": chosen}


def _progress(database: Database, import_id: UUID) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        with database.transaction(Role.INGESTION) as tx:
            tx.run(QUERIES["show_progress"], {"id": import_id, "done": done, "total": total})

    return show


@contextmanager
def _renewed(database: Database, import_id: UUID) -> Iterator[None]:
    """Say every few seconds that the import is worked on."""
    is_over = threading.Event()

    def renew() -> None:
        while not is_over.wait(RENEW_SECONDS):
            with database.transaction(Role.INGESTION) as tx:
                tx.unless_locked(QUERIES["renew"], {"id": import_id})

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def main() -> None:
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (JOB_BYTES, JOB_BYTES))
    logging.basicConfig(level=logging.INFO)
    with Database(os.environ[DATABASE], connections=3) as database:
        run_job(database, UUID(sys.argv[1]))


if __name__ == "__main__":
    main()

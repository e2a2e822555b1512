"""One `focusflow up` for a home. Its lock file says where it runs; the lock itself goes with the process, however that ends."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from fcntl import LOCK_SH
from pathlib import Path

from cli.supervisor.child import Identity
from focusflow.errors import SetupProblem
from focusflow.file_lock import try_lock

READS = 10


class AlreadyUp(SetupProblem):
    """FocusFlow runs on this home already."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the lock file says: which process holds it, where its servers are met, and which children it has."""

    pid: int
    addresses: dict[str, str] = field(default_factory=dict)
    children: dict[str, Identity] = field(default_factory=dict)


class Lock:
    def __init__(self, descriptor: int, before: Announcement | None) -> None:
        self._descriptor = descriptor
        self.before = before

    def announce(self, addresses: Mapping[str, str], children: Mapping[str, Identity]) -> None:
        text = json.dumps(asdict(Announcement(os.getpid(), dict(addresses), dict(children))), indent=2) + "\n"
        os.pwrite(self._descriptor, text.encode(), 0)
        os.ftruncate(self._descriptor, len(text.encode()))


@contextmanager
def locked(home: Path) -> Iterator[Lock]:
    try:
        descriptor = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupProblem(
            f"The file {home / 'up.lock'} cannot be written ({error.strerror}). Make it yours."
        ) from error
    try:
        if not _locked_soon(descriptor):
            raise AlreadyUp(_sentence(_read(descriptor)))
        lock = Lock(descriptor, _read(descriptor))
        lock.announce({}, lock.before.children if lock.before else {})
        yield lock
        os.ftruncate(descriptor, 0)  # all has been stopped: the next one need not look for children
    finally:
        os.close(descriptor)


def read_announcement(home: Path) -> Announcement | None:
    """What the `focusflow up` of this home says of itself; None when none runs."""
    try:
        descriptor = os.open(home / "up.lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupProblem(
            f"The file {home / 'up.lock'} cannot be read ({error.strerror}). Set FOCUSFLOW_HOME to a folder."
        ) from error
    try:
        return None if try_lock(descriptor, LOCK_SH) else _read(descriptor)
    finally:
        os.close(descriptor)


def orphans_of(before: Announcement | None) -> list[Identity]:
    """Children of one that was killed which are still there."""
    return [child for child in before.children.values() if child.is_alive] if before else []


def wait_for(orphans: list[Identity], seconds: float, is_cancelled: Callable[[], bool] = lambda: False) -> None:
    """They end by themselves, their lifeline being cut. Those that stay too long are killed."""
    deadline = time.monotonic() + seconds
    while any(orphan.is_alive for orphan in orphans) and time.monotonic() < deadline and not is_cancelled():
        time.sleep(0.05)
    for orphan in orphans:
        if orphan.is_alive:
            with suppress(ProcessLookupError):
                os.killpg(orphan.pid, signal.SIGKILL)


def _locked_soon(descriptor: int) -> bool:
    """Tried for a while: `focusflow status` holds the lock for a moment when it looks whether anybody has it."""
    for _ in range(READS):
        if try_lock(descriptor):
            return True
        time.sleep(0.05)
    return False


def _read(descriptor: int) -> Announcement | None:
    """None for an empty file. Its writer may be at it this very moment, so a torn text is read again."""
    for _ in range(READS):
        text = os.pread(descriptor, 1 << 16, 0)
        if not text.strip():
            return None
        with suppress(ValueError):
            content = json.loads(text)
            children = {name: Identity(**child) for name, child in content["children"].items()}
            return Announcement(content["pid"], content["addresses"], children)
        time.sleep(0.01)
    return None


def _sentence(other: Announcement | None) -> str:
    if other is None:
        return "FocusFlow is just being started on this home by another process."
    where = ", ".join(f"{name} {address}" for name, address in other.addresses.items()) or "it is still starting"
    return f"FocusFlow runs on this home already (process {other.pid}): {where}. Stop it with Ctrl-C, or `kill {other.pid}`."

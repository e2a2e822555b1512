"""File locks between processes. The kernel releases them when a process ends, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from focusflow.errors import SetupProblem


def try_lock(descriptor: int, kind: int = LOCK_EX) -> bool:
    """Take a lock without waiting. Returns whether it was free."""
    with suppress(BlockingIOError):
        flock(descriptor, kind | LOCK_NB)
        return True
    return False


@contextmanager
def single_process(folder: Path, name: str) -> Iterator[None]:
    """Allow one process per home; the second one is refused."""
    lock_file = folder / "process.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupProblem(f"The file {lock_file} cannot be written ({error.strerror}). Make it writable.") from error
    try:
        if not try_lock(descriptor):
            owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            raise SetupProblem(
                f"{name} already runs on this home (process {owner}). Stop it first, or set FOCUSFLOW_HOME to another folder."
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)

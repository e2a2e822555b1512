"""Reports to the supervisor, through a file, that the loops of a process run and whether each has done its work once."""

import os
from pathlib import Path
from threading import Lock
from typing import Protocol

#: Names the file. Unset, the process has no supervisor.
VARIABLE = "FOCUSFLOW_HEARTBEAT_FILE"
READY = "ready"


class Beat(Protocol):
    """Called by a loop on each turn; `has_worked` says that the turn has done the work of the loop."""

    def __call__(self, *, has_worked: bool = False) -> object: ...


def unwatched(*, has_worked: bool = False) -> None:
    """The heartbeat of a process without a supervisor: does nothing."""


class Heartbeat:
    """The heartbeat of this process. It stops as soon as one of its loops stands still."""

    def __init__(self, *loops: str) -> None:
        file = os.environ.pop(VARIABLE, None)
        self._file = Path(file) if file else None
        self._loops, self._turned, self._worked, self._lock = frozenset(loops), set[str](), set[str](), Lock()

    def of(self, loop: str) -> Beat:
        """The heartbeat of one loop."""
        if self._file is None:
            return unwatched

        def beat(*, has_worked: bool = False) -> None:
            with self._lock:
                self._beat(loop, has_worked=has_worked)

        return beat

    def _beat(self, loop: str, *, has_worked: bool) -> None:
        self._turned.add(loop)
        if has_worked:
            self._worked.add(loop)
        if self._file and self._turned == self._loops:
            self._file.write_text(READY if self._worked == self._loops else "", encoding="ascii")
            self._turned.clear()


def is_ready(file: Path) -> bool:
    """Whether every loop of the process that writes this file has done its work."""
    return file.exists() and file.read_text(encoding="ascii") == READY

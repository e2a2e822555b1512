"""Shows whoever watches a process that its loops still turn: by a file, touched as often as each of them has turned once more."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

#: Names the file. Without it nobody watches.
VARIABLE = "FOCUSFLOW_PULSE_FILE"

Beat = Callable[[], object]


def unwatched() -> None:
    """The beat of a loop that nobody watches."""


class Pulse:
    """The pulse of this process, which fails as soon as one of its loops stands still."""

    def __init__(self, *loops: str) -> None:
        file = os.environ.pop(VARIABLE, None)
        self._file = Path(file) if file else None
        self._loops, self._turned, self._lock = frozenset(loops), set[str](), Lock()

    def of(self, loop: str) -> Beat:
        """What this loop calls each time that it turns."""
        return (lambda: self._beat(loop)) if self._file else unwatched

    def _beat(self, loop: str) -> None:
        with self._lock:
            self._turned.add(loop)
            if self._file and self._turned == self._loops:
                self._file.touch(mode=0o600)
                self._turned.clear()

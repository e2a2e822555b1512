"""The output of a process, in a file that stays small: `name.log`, and before it `name.log.1`."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

BYTES = 5 << 20
TAIL_BYTES = 64 << 10

#: What DuckDB's bindings say of themselves after the error that ended a process.
NOISE = re.compile(r"nanobind: | - leaked | - \.\.\. skipped remainder$|See https://nanobind\.")


@dataclass(frozen=True, slots=True)
class Log:
    path: Path

    def opened(self) -> int:
        """A descriptor that appends, so that the file can be shortened under the process that writes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def shorten(self) -> None:
        """Once it has grown long, its text becomes the one older log that is kept. Copied: its writer holds the file open."""
        if self.path.exists() and self.path.stat().st_size > BYTES:
            shutil.copy(self.path, self.path.with_name(f"{self.path.name}.1"))
            os.truncate(self.path, 0)

    def append(self, text: str) -> None:
        descriptor = self.opened()
        try:
            os.write(descriptor, f"{text}\n".encode())
        finally:
            os.close(descriptor)

    def last_lines(self, count: int = 15) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(max(self.path.stat().st_size - TAIL_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
        return [line for line in lines if not NOISE.match(line)][-count:]

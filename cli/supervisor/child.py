"""One process of the tree: leader of a group of its own, which goes down with it, and tied to us by a lifeline."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

POLL_SECONDS = 0.05
KILLED_SECONDS = 2  # a process that is stuck inside the kernel ends when that lets go; nobody waits for it


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for sure: its number alone may belong to a stranger by now."""

    pid: int
    created: float

    @property
    def is_alive(self) -> bool:
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            return process.create_time() == self.created and process.status() != psutil.STATUS_ZOMBIE
        return False


class Child:
    """A process that was started. Its output goes where the descriptor leads; None lets it speak on our terminal."""

    def __init__(
        self, command: tuple[str, ...], environment: Mapping[str, str], lifeline: int, output: int | None
    ) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=[lifeline],
            start_new_session=True,  # a Ctrl-C in the terminal reaches us alone, and we stop them in order
        )
        self.identity = Identity(self._process.pid, psutil.Process(self._process.pid).create_time())

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        if self.exit_code() is None:
            self._process.terminate()

    def ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.exit_code() is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def kill(self) -> None:
        """It and all that is left of its group, also when it itself is dead already."""
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses where nothing but zombies is left
            os.killpg(self.identity.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(KILLED_SECONDS)

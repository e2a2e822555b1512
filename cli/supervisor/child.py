"""One process of the tree, in a process group of its own, ended through a lifeline when the supervisor ends."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

POLL_SECONDS = 0.05
KILLED_SECONDS = 2  # a process stuck in the kernel is not waited for longer


@dataclass(frozen=True, slots=True)
class Identity:
    """A process by pid and start time, since a pid may be reused."""

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
            start_new_session=True,  # Ctrl-C reaches only the supervisor, which stops the parts in order
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
        """Kill the process and the rest of its group, also when the process itself has ended."""
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses where nothing but zombies is left
            os.killpg(self.identity.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(KILLED_SECONDS)

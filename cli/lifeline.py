"""Ties a process to the one that started it: when that one dies, even by kill -9, this one ends too."""

import os
import signal
import threading
import time

VARIABLE = "FOCUSFLOW_LIFELINE_FD"
GRACE_SECONDS = 5


def hold() -> bool:
    """Watch the pipe named by the environment. Its other end closes when the starter is gone. False when there is no such pipe."""
    descriptor = os.environ.pop(VARIABLE, None)
    if not descriptor:
        return False
    threading.Thread(target=_watch, args=(int(descriptor),), name="lifeline", daemon=True).start()
    return True


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)  # the polite way was not taken in time

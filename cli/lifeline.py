"""Ends a process when its parent ends, even by kill -9."""

import os
import signal
import threading
import time

VARIABLE = "FOCUSFLOW_LIFELINE_FD"
GRACE_SECONDS = 5


def hold() -> bool:
    """Watch the pipe named by the environment; its other end closes when the parent ends. Returns False when there is no pipe."""
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
    os._exit(1)  # it did not end in time

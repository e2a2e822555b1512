"""Loaded by each Python process of `make test-dates`, for what libfaketime does not go together with.

Python sleeps until an instant of the monotonic clock. libfaketime takes its offset from that instant, even where it leaves that clock alone,
and the kernel refuses what is left.

A process hands its shared memory to its children, and a child under another account, as PostgreSQL is for root, may not open it. libfaketime
then makes some under the child's own number, and ends the process where an ended one of that number left its own. Each process here starts
without: it makes some or goes without, for the offset is no shared fact.
"""

import contextlib
import os
import select
import time
from pathlib import Path
from typing import SupportsIndex

#: Who looks every millisecond whether another thread is done, as Streamlit's tests do, slows it down to a third: a thread that waits for
#: Python's lock asks for it all the time under libfaketime, and not every five milliseconds.
SHORTEST_SECONDS = 0.05


def sleep(seconds: SupportsIndex | float, /) -> None:
    """As long as `time.sleep`, or a little longer, by a wait that names no instant."""
    select.select([], [], [], max(float(seconds), SHORTEST_SECONDS))


def keep_shared_memory_to_this_process() -> None:
    """Hand none to a child, and leave none of this process, which has it open, behind."""
    os.environ.pop("FAKETIME_SHARED", None)
    for kind in ("sem.faketime_sem", "faketime_shm"):
        with contextlib.suppress(OSError):
            Path(f"/dev/shm/{kind}_{os.getpid()}").unlink()


time.sleep = sleep
keep_shared_memory_to_this_process()

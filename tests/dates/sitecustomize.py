"""Loaded by each Python process of `make test-dates`: libfaketime and `time.sleep` do not go together.

Python sleeps until an instant of the monotonic clock. libfaketime takes its offset from that instant, even where it leaves that clock alone,
and the kernel refuses what is left.
"""

import select
import time
from typing import SupportsIndex


def sleep(seconds: SupportsIndex | float, /) -> None:
    """As long as `time.sleep`, by a wait that names no instant."""
    select.select([], [], [], float(seconds))


time.sleep = sleep

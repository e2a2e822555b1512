"""Turns termination signals into an exception, so that `with` blocks exit in order and the embedded server is stopped."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(SystemExit):
    """A signal asked this process to end."""


@contextmanager
def raised_on_signals() -> Iterator[None]:
    """Raise `Terminated` on a signal for the length of the block. A command may install other handlers."""
    previous = {each: signal.getsignal(each) for each in SIGNALS}
    for each, handler in previous.items():
        if handler is not signal.SIG_IGN:  # nohup means that a closed terminal is to be survived
            signal.signal(each, _terminate)
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def _terminate(number: int, _: FrameType | None) -> None:
    raise Terminated(128 + number)

"""Turns a signal to end into an exception, so that `with` blocks are left in order: the last process that uses the embedded server stops it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(SystemExit):
    """A signal asked this process to end."""


@contextmanager
def raised_on_signals() -> Iterator[None]:
    """For the length of the block. A command that stops in its own way installs handlers of its own."""
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

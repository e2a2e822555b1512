"""How a long-running command speaks and stops."""

import logging
import signal
import threading


def speak(level: str) -> None:
    """Log lines on standard error, one an event."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for talkative in ("alembic", "kafka"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def until_told_to_stop() -> threading.Event:
    """Set by SIGTERM, Ctrl-C or a closed terminal."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # By a thread of its own: the handler may interrupt a wait() that holds the very lock that set() needs.
        signal.signal(each, lambda *_: threading.Thread(target=stop.set).start())
    return stop

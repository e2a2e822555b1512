"""How a long-running command speaks and stops."""

import logging
import signal
import threading
from datetime import UTC, datetime

import orjson

from focusflow.settings import Settings

#: What every record has; the rest was said beside the message.
PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """One JSON object a line, with all that was said beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in PLAIN},
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(said, default=str).decode()


def speak(settings: Settings) -> None:
    """Log lines on standard error, one an event."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.log_format == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(Lines())
    for talkative in ("alembic", "great_expectations", "kafka"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def until_told_to_stop() -> threading.Event:
    """Set by SIGTERM, Ctrl-C or a closed terminal."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # By a thread of its own: the handler may interrupt a wait() that holds the very lock that set() needs.
        signal.signal(each, lambda *_: threading.Thread(target=stop.set).start())
    return stop

"""How a long-running command logs, serves and stops."""

import logging
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson

from cli.termination import Terminated
from focusflow.settings import Settings

#: A server that leaves a statement of the lander or the relay unanswered for longer is frozen: they let go, and try again.
ANSWER_TIMEOUT_SECONDS = 60

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


def serve(app: Callable[..., Any], settings: Settings, port: int, *, graceful_seconds: int) -> None:
    """Serve until a signal. uvicorn ends in order and raises the signal again; here it ends the server only, and the caller closes the rest."""
    import uvicorn

    with suppress(Terminated):
        uvicorn.run(
            app,
            host=settings.host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=graceful_seconds,
        )

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
from focusflow import error_reports
from focusflow.log_context import REQUEST_ID
from focusflow.settings import Settings

#: The lander and the relay give up a database that does not answer a statement for this long, and reconnect.
ANSWER_TIMEOUT_SECONDS = 60

#: The attributes that every record has; all others are extra fields.
PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """One JSON object per line, with the extra fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        record_fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **({"request_id": request_id} if (request_id := REQUEST_ID.get()) else {}),
            **{name: value for name, value in vars(record).items() if name not in PLAIN},
        }
        if record.exc_info:
            record_fields["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(record_fields, default=str).decode()


def configure_logging(settings: Settings) -> None:
    """Log to standard error, as text or JSON, and report errors where that is set."""
    error_reports.start(settings)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.log_format == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(Lines())
    for verbose in ("alembic", "great_expectations", "kafka"):
        logging.getLogger(verbose).setLevel(logging.WARNING)


def stop_event() -> threading.Event:
    """An event that is set by SIGTERM, Ctrl-C or a closed terminal."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # In a separate thread: the handler may interrupt a wait() that holds the lock that set() needs.
        signal.signal(each, lambda *_: threading.Thread(target=stop.set).start())
    return stop


def serve(app: Callable[..., Any], settings: Settings, port: int, *, graceful_seconds: int) -> None:
    """Serve until a signal. uvicorn raises the signal again after shutdown; it is suppressed here, so that the caller can clean up."""
    import uvicorn

    from cli.http_protocol import BoundedHead

    with suppress(Terminated):
        uvicorn.run(
            app,
            host=settings.host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=graceful_seconds,
            http=BoundedHead,
            **proxy_options(settings),
        )


def proxy_options(settings: Settings) -> dict[str, Any]:
    """Whose `X-Forwarded-For` is believed. Without an option of its own uvicorn believes this machine, and what FORWARDED_ALLOW_IPS names."""
    return {"proxy_headers": bool(settings.trusted_proxies), "forwarded_allow_ips": list(settings.trusted_proxies)}

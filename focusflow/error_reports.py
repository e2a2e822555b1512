"""Reports of errors to Sentry, or a service that takes its protocol (GlitchTip, Bugsink). They are off unless FOCUSFLOW_SENTRY_DSN is set; the
extra `sentry` brings what sends them.

A report has the type of an exception, its stack without values of variables, the line of the log, and the id of the request. The text of an
exception stays here: that of a database may hold an address or a title.
"""

from typing import Any

from focusflow import __version__
from focusflow.errors import SetupProblem
from focusflow.log_context import REQUEST_ID
from focusflow.settings import Settings


def start(settings: Settings) -> None:
    """Report what this process logs as an error, and what ends it."""
    if settings.sentry_dsn is None:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
        from sentry_sdk.integrations.dedupe import DedupeIntegration
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
    except ImportError as error:
        raise SetupProblem("FOCUSFLOW_SENTRY_DSN needs the extra `sentry`: pip install 'focusflow[sentry]'.") from error
    sentry_sdk.init(
        settings.sentry_dsn.get_secret_value(),
        release=f"focusflow@{__version__}",
        default_integrations=False,  # others read requests, arguments and environment
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None),
            ExcepthookIntegration(),
            ThreadingIntegration(propagate_scope=False),
            AtexitIntegration(callback=lambda *_: None),  # else it prints that it sends
            DedupeIntegration(),
        ],
        include_local_variables=False,
        send_default_pii=False,
        server_name="",
        before_send=_without_texts,
    )


def _without_texts(event: Any, _: Any) -> Any:
    for each in event.get("exception", {}).get("values", []):
        each["value"] = ""
    if request_id := REQUEST_ID.get():
        event.setdefault("tags", {})["request_id"] = request_id
    return event

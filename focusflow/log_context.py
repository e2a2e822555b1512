"""Which request the current work belongs to. JSON log lines carry it, whichever module writes them."""

from contextvars import ContextVar

#: The id that the answer returns as `X-Request-ID`; None outside of requests. Threads that work for a request inherit it.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

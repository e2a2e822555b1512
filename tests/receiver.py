"""A server that takes what is sent to users' servers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """A server on this machine. `answer` says what each path gets: a status, with headers if there are any."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: dict[str, Any] = {}
        self.is_open = threading.Event()
        self.is_open.set()
        self.changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                with receiver.changed:
                    receiver.received.append((self.path, dict(self.headers), body))
                    receiver.changed.notify_all()
                if self.path.startswith("/slow"):
                    receiver.is_open.wait(10)
                status, headers, *content = receiver.answer.get(self.path, (200, {}))
                body = content[0] if content else b"{}"
                self.send_response(status)
                for name, value in (
                    {"Content-Length": str(len(body)), "Content-Type": "application/json"} | headers
                ).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST  # noqa: N815 (the names that the library calls)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def url(self, path):
        return f"http://localhost:{self.server.server_port}{path}"

    def address(self, scheme, path):
        """As Apprise writes it."""
        return f"{scheme}://localhost:{self.server.server_port}{path}"

    def at(self, path):
        return [(headers, body) for at, headers, body in self.received if at.partition("?")[0] == path]

    def wait_for(self, path):
        with self.changed:
            assert self.changed.wait_for(lambda: self.at(path), 10), f"nothing came to {path}"

    def close(self):
        self.is_open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@contextmanager
def received() -> Iterator[Receiver]:
    opened = Receiver()
    try:
        yield opened
    finally:
        opened.close()

"""A service that speaks OpenAI's chat completions over real HTTP, and misbehaves as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Service:
    """What it was asked, and what it says: a text, a status, or a way to go wrong. `says` may be a list, one for each call."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.says: Any = "{}"
        self.tokens = (900, 120)
        self.finish_reason = "stop"
        self.refusal: str | None = None
        self.models = ["small"]
        self._lock = threading.Lock()

    def answer_to(self, question: dict[str, Any]) -> Any:
        with self._lock:
            self.asked.append(question)
            says = self.says.pop(0) if isinstance(self.says, list) else self.says
        return says(question) if callable(says) else says

    def completion(self, text: str) -> bytes:
        message = {"role": "assistant", "content": None if self.refusal else text, "refusal": self.refusal}
        tokens_in, tokens_out = self.tokens
        whole = {
            "id": "x", "object": "chat.completion", "created": 0, "model": "local",
            "choices": [{"index": 0, "finish_reason": self.finish_reason, "logprobs": None, "message": message}],
            "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out},
        }  # fmt: skip
        return json.dumps(whole).encode()


def honest(question: dict[str, Any]) -> str:
    """What a good service makes of the figures."""
    figures = json.loads(question["messages"][1]["content"])["figures"]
    name = next(iter(figures))
    remark = {"text": f"This was {figures[name]:g}.", "evidence": [{"metric": name, "value": figures[name]}]}
    return json.dumps({"headline": "A good week.", "observations": [remark, remark], "suggestions": [remark]})


def saying(text: str) -> Callable[[dict[str, Any]], str]:
    """The same with another suggestion."""

    def says(question: dict[str, Any]) -> str:
        whole = json.loads(honest(question))
        whole["suggestions"][0]["text"] = text
        return json.dumps(whole)

    return says


class Handler(BaseHTTPRequestHandler):
    """One call."""

    service: Service

    def do_GET(self) -> None:
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "us"} for name in self.service.models]
        body = json.dumps({"object": "list", "data": models}).encode()
        self.begin(200, body)
        self.wfile.write(body)

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        says = self.service.answer_to(question)
        if isinstance(says, int):
            self.begin(says, b"{}")
            self.wfile.write(b"{}")
            return
        body = self.service.completion({"cut": "x" * 5000, "endless": "x" * 3_000_000}.get(says, says))
        self.begin(200, body)
        match says:
            case "cut":
                self.wfile.write(body[:2000])
            case "silent":
                time.sleep(3)
            case "drips":
                self.drip(body)
            case _:
                self.wfile.write(body)

    def begin(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("retry-after", "0")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()

    def drip(self, body: bytes) -> None:
        try:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)
        except OSError:  # who asked has hung up
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Tests say what went wrong themselves."""


@contextmanager
def running(service: Service) -> Iterator[str]:
    """The address of a service."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Handler,), {"service": service}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

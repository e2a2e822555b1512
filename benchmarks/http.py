"""The API and a bare route beside it, on one database, asked by a few clients at once."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.database.session import Database, Role
from focusflow.identity import new_id

CLIENTS, ROUNDS, READY_SECONDS, ANSWER_SECONDS = 8, 5, 30, 30
BUCKETS = 8
PASSWORD = "a long sentence is a good password"  # noqa: S105 (of a database that lives for a minute)

Ask = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """Both servers, somebody signed in at ours, and the database under them."""

    ours: int
    bare: int
    user_id: str
    token: str
    database: Database


@contextmanager
def served(furnish: Callable[[Path], None] = lambda _: None) -> Iterator[Place]:
    """Both servers, in a home of their own into which somebody may put something before they start."""
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder, ExitStack() as running:
        home = Path(folder)
        home.chmod(0o711)
        furnish(home)
        server = running.enter_context(embedded_server(home))
        prepare(server.url, BUCKETS)
        database = running.enter_context(Database(server.url))
        world = {
            **os.environ,
            "FOCUSFLOW_HOME": folder,
            "BENCHMARK_DATABASE": server.url,
            "FOCUSFLOW_LOG_LEVEL": "WARNING",
        }
        ours, bare = (running.enter_context(_uvicorn(f"benchmarks.servers:{name}", world)) for name in ("ours", "bare"))
        user_id, token = _signed_in(ours, database)
        yield Place(ours, bare, user_id, token, database)


@contextmanager
def _uvicorn(factory: str, environment: dict[str, str]) -> Iterator[int]:
    port = free_port()
    arguments = ["--factory", factory, "--port", str(port), "--log-level", "warning", "--no-access-log"]
    with listening(port, environment, "uvicorn", *arguments):
        yield port


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def listening(port: int, environment: dict[str, str], *module: str) -> Iterator[None]:
    """A module of Python that runs as a server, from when it listens."""
    server = subprocess.Popen([sys.executable, "-m", *module], env=environment)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError(f"{' '.join(module)} did not start")
            time.sleep(0.1)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _signed_in(port: int, database: Database) -> tuple[str, str]:
    email = f"{new_id().hex}@example.com"
    account = {"email": email, "password": PASSWORD, "display_name": "Somebody", "timezone": "Europe/Berlin"}
    asyncio.run(_request(port, request("POST", "/api/v1/auth/register", body=account)))
    tokens = orjson.loads(
        asyncio.run(_request(port, request("POST", "/api/v1/auth/login", body={"email": email, "password": PASSWORD})))
    )
    with database.transaction(Role.AUTH) as tx:
        row = tx.one("select id from users where email = %(email)s", {"email": email})
    assert row is not None
    return str(row["id"]), tokens["access_token"]


def request(method: str, path: str, *, body: object = None, token: str = "", **headers: str) -> bytes:
    content = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(content)}"]
    lines += ["Content-Type: application/json"] if content else []
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _request(port: int, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await exchange(reader, writer, message)
    finally:
        writer.close()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> bytes:
    """Send a request on an open connection; the body of the answer, which has to be a good one."""
    writer.write(message)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_SECONDS)
    status = int(head[9:12])
    lower = head.lower()
    start = lower.find(b"content-length: ")
    length = int(lower[start + 16 : lower.index(b"\r", start)]) if start >= 0 else 0
    body = await reader.readexactly(length)
    if status >= 300:
        raise RuntimeError(f"answered {status}: {body[:300]!r}")
    return body


def rate(port: int, ask: Ask, count: int) -> tuple[float, list[float]]:
    """Answers a second with some clients at once, and how long each took."""
    return asyncio.run(_rate(port, ask, count))


async def _rate(port: int, ask: Ask, count: int) -> tuple[float, list[float]]:
    taken: list[float] = []
    numbers = iter(range(count))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            begun = time.perf_counter()
            await exchange(reader, writer, ask(number))
            taken.append(time.perf_counter() - begun)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return count / (time.perf_counter() - begun), taken

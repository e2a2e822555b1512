"""A link to PostgreSQL that a test makes slow, silent, or cuts: what a network between two machines does."""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.5432"


class SlowLink:
    """Carries bytes both ways, each piece after a delay, which may change while it waits."""

    def __init__(self, url: str, folder: Path) -> None:
        (server,) = parse_qs(urlsplit(url).query)["host"]
        self._server, self._folder = Path(server, SOCKET), folder
        self.url = url.replace(quote(server, safe=""), quote(str(folder), safe=""))
        self.delay: float = 0.0
        self._loop: asyncio.AbstractEventLoop
        self._writers = set[asyncio.StreamWriter]()
        self._is_open = threading.Event()

    def cut(self) -> None:
        """End all connections at once."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for each in list(self._writers):
            each.transport.abort()

    @contextmanager
    def opened(self) -> Iterator["SlowLink"]:
        thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        thread.start()
        assert self._is_open.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._end.set)
            thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._connect, self._folder / SOCKET)
        self._is_open.set()
        await self._end.wait()
        server.close()
        self._cut()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_server = await asyncio.open_unix_connection(self._server)
        pair = {writer, to_server}
        self._writers |= pair
        with suppress(asyncio.CancelledError):  # the end of the link
            await asyncio.gather(self._carry(reader, to_server), self._carry(there, writer))
        self._writers -= pair

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(1 << 16):
                carried_at = self._loop.time()
                while (left := carried_at + self.delay - self._loop.time()) > 0:  # noqa: ASYNC110 (the delay may change)
                    await asyncio.sleep(min(left, 0.01))
                target.write(piece)
                await target.drain()
        target.close()


@contextmanager
def slow_link(url: str) -> Iterator[SlowLink]:
    with tempfile.TemporaryDirectory(prefix="focusflow-link-") as folder, SlowLink(url, Path(folder)).opened() as link:
        yield link

"""Tells open pages that their numbers have changed, over a WebSocket each: an open page costs nothing while nothing changes."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.app_state import shared
from dashboard.auth.sessions import Session, SessionStore
from dashboard.auth.sign_in import SESSION_ENDED
from dashboard.data import lake
from focusflow.errors import Unavailable

PATH = "/changes"

#: Between two looks at the tables, for all pages together. A refresh writes several, the days first: pages are told of the first at once, and
#: again when a look found nothing more, or after so many looks.
LOOK_SECONDS, MOST_LOOKS = 0.2, 5
REMOTE_LOOK_SECONDS = 2.0  # where the tables are not in a folder, a look reads their logs

#: How often it is checked whether the session behind an open page is still valid.
SESSION_SECONDS = 30.0
MOST_PAGES = 50  # of one user

#: Scores are published so long after the table from which they come, or sooner: a page looks once more.
PUBLISHED_SECONDS = 1.5

TOO_MANY = 4429  # the code with which further ones are closed


class Watcher:
    """Looks for commits as long as a page is open."""

    def __init__(self) -> None:
        self._pages = 0
        self._task: asyncio.Task[None] | None = None
        self.next_change: asyncio.Event

    def __enter__(self) -> Self:
        self._pages += 1
        if self._task is None:
            self.next_change = asyncio.Event()
            self._task = asyncio.create_task(self._watch())
        return self

    def __exit__(self, *_: object) -> None:
        self._pages -= 1
        if self._pages == 0 and self._task:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        before, is_quiet = _marks(), True
        while True:
            await asyncio.sleep(LOOK_SECONDS if before else REMOTE_LOOK_SECONDS)
            if before and _marks() == before:
                is_quiet = True
                continue
            if before and is_quiet:
                self._wake_pages()
            is_quiet = False
            for _ in range(MOST_LOOKS if before else 0):
                before = _marks()
                await asyncio.sleep(LOOK_SECONDS)
                if _marks() == before:
                    break
            self._wake_pages()

    def _wake_pages(self) -> None:
        lake.forget_recent_versions()
        self.next_change.set()
        self.next_change = asyncio.Event()


def _marks() -> Mapping[str, int]:
    """When something was last written to the log of each table, where these are folders."""
    location = shared().lake
    found = dict[str, int]()
    for name in lake.TABLES if location.is_local else ():
        with suppress(OSError):
            found[name] = Path(location.url(name), "_delta_log").stat().st_mtime_ns
    return found


_watcher: Final = Watcher()
_pages: Final = Counter[str]()


def route(store: SessionStore) -> WebSocketRoute:
    async def serve(socket: WebSocket) -> None:
        """Of the dashboard's own pages with a session: others were refused before."""
        await socket.accept()
        session = await run_in_threadpool(store.find, socket.cookies.get(store.cookie), SESSION_SECONDS)
        if session is None or _pages[session.user_id] >= MOST_PAGES:
            await socket.close(TOO_MANY if session else SESSION_ENDED)
            return
        _pages[session.user_id] += 1
        gone = asyncio.create_task(socket.receive())  # a page says nothing: whatever comes is its end
        try:
            await _tell(socket, store, session, gone)
        except WebSocketDisconnect:
            pass
        finally:
            gone.cancel()
            _pages.subtract([session.user_id])
            if not _pages[session.user_id]:
                del _pages[session.user_id]

    return WebSocketRoute(PATH, serve)


async def _tell(socket: WebSocket, store: SessionStore, session: Session, gone: asyncio.Task[object]) -> None:
    with _watcher:
        known, is_published = await run_in_threadpool(lake.newest, session), False
        while not gone.done():
            change = asyncio.create_task(_watcher.next_change.wait())
            moved = await run_in_threadpool(lake.have_moved, known)
            if moved or is_published:
                await socket.send_text("changed")
            is_published = lake.SCORES in moved
            seconds = PUBLISHED_SECONDS if is_published else SESSION_SECONDS
            await asyncio.wait({change, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            change.cancel()
            with suppress(Unavailable):
                if await run_in_threadpool(store.find, session.token, SESSION_SECONDS) is None:
                    await socket.close(SESSION_ENDED)
                    return

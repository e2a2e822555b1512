"""Threads that serve users' servers, shared out so that slow ones and busy users keep nobody else waiting."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from focusflow.errors import Unavailable

log = logging.getLogger(__name__)

#: A server that takes longer counts as slow until it is quicker.
SLOW_SECONDS = 2.0

#: Who has much to be sent makes room for others after this time.
TURN_SECONDS = 5.0


@dataclass(slots=True)
class Lanes:
    """Serves targets of users: at a time so many of all, of one user, and of those that fail or are slow."""

    name: str
    at_once: int = 16
    of_a_user: int = 2
    slow: int = 6
    _busy: dict[UUID, tuple[UUID, bool]] = field(default_factory=dict)  # target: its user, whether it is slow
    _slow: set[UUID] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _workers: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._workers = ThreadPoolExecutor(self.at_once, self.name)

    def busy(self) -> list[UUID]:
        """The targets that are being served."""
        with self._lock:
            return list(self._busy)

    def begin(self, rows: Iterable[Mapping[str, Any]], serve: Callable[[UUID], bool]) -> list[Future[None]]:
        """Serve targets in the order of the rows (`id`, `user_id`, `is_failing`), as far as there is room. `serve` does one thing for a
        target; it is called again while it returns true.
        """
        with self._lock:
            busy, slow = dict(self._busy), frozenset(self._slow)
        users = Counter(user for user, _ in busy.values())
        slow_ones = sum(is_slow for _, is_slow in busy.values())
        begun: list[Future[None]] = []
        for row in rows:
            is_slow = row["is_failing"] or row["id"] in slow
            has_room = len(busy) + len(begun) < self.at_once and users[row["user_id"]] < self.of_a_user
            if not has_room or (is_slow and slow_ones >= self.slow):
                continue
            with self._lock:
                self._busy[row["id"]] = (row["user_id"], is_slow)
            begun.append(self._workers.submit(self._serve, row["id"], serve))
            users[row["user_id"]] += 1
            slow_ones += is_slow
        return begun

    def close(self) -> None:
        """Begin nothing more, and wait for what is on its way."""
        self._stop.set()
        self._workers.shutdown()

    def _serve(self, target: UUID, serve: Callable[[UUID], bool]) -> None:
        until = time.monotonic() + TURN_SECONDS
        try:
            while not self._stop.is_set() and self._timed(target, serve) and time.monotonic() < until:
                pass
        except Unavailable as problem:
            log.warning("%s wait: %s", self.name, problem)
        except Exception:
            log.exception("%s: %s could not be served", self.name, target)
        finally:
            with self._lock:
                del self._busy[target]

    def _timed(self, target: UUID, serve: Callable[[UUID], bool]) -> bool:
        began = time.monotonic()
        goes_on = serve(target)
        with self._lock:
            (self._slow.add if time.monotonic() - began > SLOW_SECONDS else self._slow.discard)(target)
        return goes_on


@dataclass(slots=True)
class Turns:
    """Calls `turn` again and again in a thread. A context manager; `close` is called at its end."""

    name: str
    turn: Callable[[], object]
    close: Callable[[], None]
    pause_seconds: float = 1.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.close()

    def _run(self) -> None:
        while not self._stop.wait(self.pause_seconds):
            try:
                self.turn()
            except Unavailable as problem:
                log.warning("%s wait: %s", self.name, problem)
            except Exception:
                log.exception("a turn of %s failed", self.name)

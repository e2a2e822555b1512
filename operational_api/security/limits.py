"""Attempts to sign in are counted before anything is hashed: per account and per address. Nobody is locked out for good."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from focusflow.problems import Problem

FREE_ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 60.0
FORGET_SECONDS = 900.0
REMEMBERED = 100_000


class TooManyAttempts(Problem):
    """Too many attempts. Wait a little, then try again."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Count:
    attempts: int = 0
    last_at: float = 0.0


@dataclass(slots=True)
class Attempts:
    """How often something was tried. From the sixth time on, one waits twice as long each time, up to a minute.

    The pair of account and address is what counts against an account, so that an attacker elsewhere does not keep its owner out.
    """

    _counts: "OrderedDict[str, _Count]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *keys: str, now: float) -> None:
        """Count an attempt for each key, or refuse it where one has to wait."""
        with self._lock:
            found = [self._of(key, now) for key in keys]
            wait = max(_wait(each) - (now - each.last_at) for each in found)
            if wait > 0:
                raise TooManyAttempts(max(1, round(wait)))
            for each in found:
                each.attempts, each.last_at = each.attempts + 1, now

    def forget(self, *keys: str) -> None:
        """After a success."""
        with self._lock:
            for key in keys:
                self._counts.pop(key, None)

    def _of(self, key: str, now: float) -> _Count:
        count = self._counts.pop(key, None)
        if count is None or now - count.last_at > FORGET_SECONDS:
            count = _Count(last_at=now)
        self._counts[key] = count
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return count


def _wait(count: _Count) -> float:
    over = count.attempts - FREE_ATTEMPTS
    return min(LONGEST_WAIT_SECONDS, 2.0**over) if over >= 0 else 0.0

"""How many requests a user may make, so that one app in a loop leaves room for all other users. Each process of the API counts for itself."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from focusflow.errors import Problem

MINUTE = 60.0

#: Of so many users it is remembered; then those are forgotten who have all their requests again.
PEOPLE = 10_000


class TooManyRequests(Problem):
    """Your account has made too many requests. Wait as long as Retry-After says."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Your account has made too many requests. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Quota:
    """A minute's requests may come at once; each comes back after its share of the minute."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _whole_at: dict[UUID, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, user_id: UUID) -> None:
        """Count a request, or refuse it."""
        with self._lock:
            now = self.clock()
            whole_at = max(self._whole_at.get(user_id, now), now) + MINUTE / self.per_minute
            if whole_at > now + MINUTE:
                raise TooManyRequests(math.ceil(whole_at - now - MINUTE))
            if len(self._whole_at) >= PEOPLE:
                self._forget(now)
            self._whole_at[user_id] = whole_at

    def _forget(self, now: float) -> None:
        for user_id in [each for each, at in self._whole_at.items() if at <= now]:
            del self._whole_at[user_id]

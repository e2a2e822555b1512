"""How many requests of one caller are carried out at a time, so that nobody takes all threads, connections and processor time of the API.

A request costs the time for which it holds its slot: that is the processor's, the database's, and what it waits for both. A caller who used
more than a share of late, and much more than the others, gets one slot instead of four, and then none until the average is back.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from operational_api.security.quota import TooManyRequests

#: A caller's further requests wait. A thread pool of forty and eight connections leave room for many callers.
AT_ONCE = 4

#: A request that has waited so long is refused. It is held until then: a client that repeats it at once would cost more.
WAIT_SECONDS = 3.0

#: What was used counts for about so long.
MEMORY_SECONDS = 10.0

#: So much of a slot may all users use all the time, whatever the others do.
SHARE = 0.25

#: And so many times what the others use on average: where all wait for a busy machine, all users' requests take long.
TIMES_OTHERS = 3.0

#: Of so many API keys it is remembered whose they are.
KEYS = 10_000

#: A caller who was alone for a while is not made to wait longer than until half of what was used is forgotten.
MOST_OVER_LIMIT = 2.0


@dataclass(slots=True)
class Usage:
    """Seconds of slots that were used, forgotten at an even rate."""

    seconds: float = 0.0
    at: float = 0.0

    def add(self, seconds: float, now: float) -> None:
        self.seconds, self.at = self.by(now) + seconds, now

    def by(self, now: float) -> float:
        return self.seconds * math.exp((self.at - now) / MEMORY_SECONDS)


@dataclass(slots=True)
class Lane:
    """One caller's requests: those that are carried out, and those that wait in their order."""

    usage: Usage = field(default_factory=Usage)
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None

    def is_forgotten(self, now: float) -> bool:
        return not self.running and not self.waiting and self.usage.by(now) < 0.01


@dataclass(slots=True)
class FairShare:
    """Used from the event loop only, but for `count_as`. Who entered must leave."""

    at_once: int = AT_ONCE
    wait_seconds: float = WAIT_SECONDS
    clock: Callable[[], float] = time.monotonic
    _lanes: dict[Hashable, Lane] = field(default_factory=dict)
    _owners: dict[Hashable, Hashable] = field(default_factory=dict)
    _all: Usage = field(default_factory=Usage)
    _cleared_at: float = 0.0

    async def enter(self, caller: Hashable) -> Callable[[], None]:
        """Wait for a free slot of the caller. Returns how to leave it. Raises TooManyRequests if none gets free in time."""
        lane = self._lanes.setdefault(self._owners.get(caller, caller), Lane())
        turn = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        self._admit(lane)
        try:
            async with asyncio.timeout(self.wait_seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if not turn.cancelled():  # it was let in at the same moment
                self._leave(lane, 0)
            if isinstance(error, TimeoutError):
                raise TooManyRequests(max(math.ceil(self._pause(lane)), 1)) from None
            raise
        entered = self.clock()
        return lambda: self._leave(lane, self.clock() - entered)

    def count_as(self, owner: Hashable, key: Hashable) -> None:
        """Have the requests of an API key take the slots of its owner, once that is proven: many keys are not many callers."""
        if len(self._owners) >= KEYS:
            self._owners.clear()
        self._owners[key] = owner

    def _leave(self, lane: Lane, seconds: float) -> None:
        now = self.clock()
        lane.running -= 1
        lane.usage.add(seconds, now)
        self._all.add(seconds, now)
        self._admit(lane)
        if now - self._cleared_at > MEMORY_SECONDS:
            self._cleared_at = now
            self._lanes = {caller: lane for caller, lane in self._lanes.items() if not lane.is_forgotten(now)}

    def _admit(self, lane: Lane) -> None:
        """Let in as many of those that wait as the caller may have."""
        while lane.waiting and lane.running < self._slots(lane):
            turn = lane.waiting.popleft()
            if not turn.done():  # not given up
                turn.set_result(None)
                lane.running += 1
        if lane.waiting and not lane.running and lane.timer is None:
            lane.timer = asyncio.get_running_loop().call_later(max(self._pause(lane), 0.001), self._look_again, lane)

    def _look_again(self, lane: Lane) -> None:
        lane.timer = None
        self._admit(lane)

    def _slots(self, lane: Lane) -> int:
        used, limit = lane.usage.by(self.clock()), self._limit(lane)
        if used <= limit / 2:
            return self.at_once
        return 1 if used <= limit else 0

    def _pause(self, lane: Lane) -> float:
        """How long until the caller has a slot again."""
        now, limit = self.clock(), self._limit(lane)
        used = lane.usage.by(now)
        if (excess := used - limit * MOST_OVER_LIMIT) > 0:
            used -= excess
            lane.usage.add(-excess, now)
            self._all.add(-excess, now)
        return MEMORY_SECONDS * math.log(used / limit) if used > limit else 0.0

    def _limit(self, lane: Lane) -> float:
        """How much a caller may have used. Nobody is slowed down who is alone."""
        others = len(self._lanes) - 1
        if not others:
            return math.inf
        now = self.clock()
        average = max(self._all.by(now) - lane.usage.by(now), 0) / others
        return max(SHARE * MEMORY_SECONDS, TIMES_OTHERS * average)

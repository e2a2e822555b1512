"""How many requests of one caller are carried out at a time, so that nobody takes all threads and connections of the API."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field

from operational_api.security.quota import TooManyRequests

#: A caller's further requests wait. A thread pool of forty and eight connections leave room for many callers.
AT_ONCE = 4

#: A request that has waited so long is refused.
WAIT_SECONDS = 3.0


@dataclass(slots=True)
class Lane:
    """One caller's requests: those that are carried out, and those that wait."""

    slots: asyncio.Semaphore
    requests: int = 0


@dataclass(frozen=True, slots=True)
class FairShare:
    """Used from the event loop only. Who entered must leave."""

    at_once: int = AT_ONCE
    wait_seconds: float = WAIT_SECONDS
    _lanes: dict[Hashable, Lane] = field(default_factory=dict)

    async def enter(self, caller: Hashable) -> None:
        """Wait for a free slot of the caller. Raises TooManyRequests if none gets free in time."""
        lane = self._lanes.setdefault(caller, Lane(asyncio.Semaphore(self.at_once)))
        lane.requests += 1
        try:
            if lane.slots.locked():
                await asyncio.wait_for(lane.slots.acquire(), self.wait_seconds)
            else:
                await lane.slots.acquire()  # does not wait
        except TimeoutError:
            self._forget(caller, lane)
            raise TooManyRequests(1) from None
        except asyncio.CancelledError:
            self._forget(caller, lane)
            raise

    def leave(self, caller: Hashable) -> None:
        lane = self._lanes[caller]
        lane.slots.release()
        self._forget(caller, lane)

    def _forget(self, caller: Hashable, lane: Lane) -> None:
        lane.requests -= 1
        if not lane.requests:
            del self._lanes[caller]

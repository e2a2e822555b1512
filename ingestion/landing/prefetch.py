"""While one batch is landed, the next one is received and read: the one waits for the disk, the other for the network and Python."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ingestion.outbox.source import Run, Source, is_full


class Reading(NamedTuple):
    """A batch that is being read."""

    positions: Mapping[int, int]
    limit: int
    runs: Future[Sequence[Run]]


@dataclass(slots=True)
class Prefetcher:
    """A source that reads another, in one thread, and one batch ahead as long as more is there. What fails there fails the read that
    comes for it.
    """

    source: Source
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "read-ahead"))
    _ahead: Reading | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def heads(self) -> Mapping[int, int]:
        return self.source.heads()

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Run]:
        ahead, self._ahead = self._ahead, None
        if ahead is None or (ahead.positions, ahead.limit) != (
            positions,
            limit,
        ):  # others have landed it, or it was refused
            ahead = self._begin(positions, limit)
        runs = ahead.runs.result()
        if is_full(runs, limit):  # else there would be no company for what comes next
            after = {run.bucket: run.offsets[-1] + 1 for run in runs if run.offsets}
            self._ahead = self._begin({**positions, **after}, limit)
        return runs

    def _begin(self, positions: Mapping[int, int], limit: int) -> Reading:
        return Reading(positions, limit, self._thread.submit(self.source.read, positions, limit))

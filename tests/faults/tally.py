"""What a fault test counts: how often it tried, what was lost or doubled, and how long it took to go on. `make chaos` prints it as a table."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Tally:
    tries: int = 1
    lost: int = 0
    doubled: int = 0
    recoveries: list[float] = field(default_factory=list)  # seconds from the end of a fault until work went on

    def compare(self, accepted: Collection[str], landed: Sequence[str]) -> None:
        """Each that was accepted is there, and none twice."""
        self.lost += len(set(accepted) - set(landed))
        self.doubled += len(landed) - len(set(landed))
        assert (self.lost, self.doubled) == (0, 0)

    @contextmanager
    def recovery(self) -> Iterator[None]:
        """The block waits until work goes on."""
        begun = time.monotonic()
        yield
        self.recoveries.append(time.monotonic() - begun)

"""A log without a database, for what follows one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import pytest

from focusflow.identity import new_id
from ingestion.outbox.source import Run


@dataclass
class LogInMemory:
    """A source that holds what it is given, and resends a few events before each position, as a broker may."""

    events: dict[int, list[bytes]] = field(default_factory=dict)
    resent: int = 0

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Run]:
        runs = []
        for bucket, position in positions.items():
            first, values = max(position - self.resent, 0), self.events.get(bucket, [])
            offsets = list(range(first, min(position + limit, len(values))))
            runs.append(Run(bucket, offsets, [values[offset] for offset in offsets]))
        return runs

    def heads(self) -> Mapping[int, int]:
        return {bucket: len(values) for bucket, values in self.events.items()}


@dataclass
class SourceThat:
    """A source with the behaviour it is given."""

    read: Callable[[Mapping[int, int], int], Sequence[Run]]
    heads: Callable[[], Mapping[int, int]] = dict


@pytest.fixture
def log():
    """Two buckets with a hundred events each."""
    return LogInMemory({bucket: [orjson.dumps({"id": str(new_id())}) for _ in range(100)] for bucket in (0, 1)})

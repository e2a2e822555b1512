"""P21: histories of different shapes rebuilt from raw. An event costs about the same, whoever it belongs to and however long ago the first was.

A plan that tips over (a nested loop, a sort of everything for each user) shows as one shape whose events cost many times those of another.
Work is counted in processor time.
"""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from time import process_time

from benchmarks.p06_refresh_day import BUCKETS, in_its_own_process
from benchmarks.p15_rebuild import FIRST, rebuild, write_raw
from benchmarks.result import Result
from focusflow.lake.session import Session, scans
from focusflow.lake.tables import Lake, duckdb_connection
from models.features import snapshots
from pipelines.engine import histories

MOST = 3.0


@dataclass(frozen=True, slots=True)
class Shape:
    people: int
    days: int
    tasks: int
    finished: int

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(FIRST + timedelta(days=self.days), time(20), UTC)


#: About 100,000 events each at full scale, so that fixed costs weigh the same.
SHAPES = {
    "one heavy user": Shape(people=1, days=110, tasks=300, finished=300),
    "1,000 light users": Shape(people=1_000, days=18, tasks=1, finished=1),
    "ten years of history": Shape(people=3, days=3_650, tasks=3, finished=3),
    "100,000 open tasks": Shape(people=100, days=100, tasks=10, finished=0),
}


def measure(scale: float) -> Result:
    costs = {name: cost(shape, scale) for name, shape in SHAPES.items()}
    detail = {name: f"{microseconds:.0f} µs an event" for name, microseconds in costs.items()}
    ratio = max(costs.values()) / min(costs.values())
    return Result(
        "P21", "histories of four shapes rebuilt, and their features", ratio, MOST, "× an event of the cheapest shape",
        more_is_better=False, detail=detail,
    )  # fmt: skip


def cost(shape: Shape, scale: float) -> float:
    """Microseconds of the processor for each event."""
    tasks, people = shape.tasks, shape.people
    if people >= 100:
        people = max(int(people * scale), BUCKETS)
    else:
        tasks = max(int(tasks * scale), 1)
    finished = min(shape.finished, tasks)
    with tempfile.TemporaryDirectory() as folder:
        events = in_its_own_process(write_raw, folder, people, shape.days, tasks, finished)
        _, work, _ = in_its_own_process(rebuild, folder, shape.ends_at)
        work += in_its_own_process(features, folder, shape.ends_at)
    return float(work / events * 1e6)


def features(folder: str, as_of: datetime) -> float:
    """The lists of the last four weeks with all their features, as for training."""
    lake, session = Lake(folder), Session(duckdb_connection(temp_directory=f"{folder}/spill"))
    read = [lake.open(histories.spec(noun)) for noun in histories.KEPT if noun.name in snapshots.NOUNS]
    begun = process_time()
    with snapshots.chosen(session, scans(read)) as users:
        users.lists_at(as_of)
    return process_time() - begun

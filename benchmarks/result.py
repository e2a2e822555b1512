"""What a measurement says, and whether it meets its goal."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `value` is compared with `goal`; `detail` are the figures behind it."""

    number: str
    work: str
    value: float
    goal: float
    unit: str
    more_is_better: bool
    detail: dict[str, Any]

    @property
    def is_met(self) -> bool:
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal

    @property
    def goal_text(self) -> str:
        return f"{'≥' if self.more_is_better else '≤'} {self.goal:g} {self.unit}"

    @property
    def measured_text(self) -> str:
        return f"{self.value:,.2f} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"is_met": self.is_met}


def seconds(work: Callable[[], object], *, times: int = 1) -> list[float]:
    """How long each of some runs took."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return taken


def percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]

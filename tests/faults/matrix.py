"""The table of `make chaos`: every fault that the platform has to survive, with what was tried, lost and doubled, and how long it took to go on.

The rows are the tests that are marked as `fault`; a test that is marked as `mutant` runs the product with a fault built in, which the same
checks have to find. The last rows are random kills, hangs and clock jumps over a whole running platform (tests/faults/chaos.py). The exit
code is 0 only if every row passed, every mutant was found, and each row of random moments has a mutant.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from focusflow import __version__, clock

HERE = Path(__file__).parent
LIVE = {
    "kill": "any process killed",
    "hang": "any process frozen for 20 to 60 s",
    "clock": "clock moved by up to 1 h",
}
HEADS = ("fault", "tries", "lost", "doubled", "recovery, s", "mutants found", "result")


@dataclass
class Row:
    fault: str
    tries: int = 0
    lost: int = 0
    doubled: int = 0
    recoveries: list[float] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    mutants: list[str] = field(default_factory=list)  # the results of their tests

    @property
    def result(self) -> str:
        if self.needs_mutant and not self.mutants:
            return "lacks a mutant"
        for worst in ("failed", "skipped"):
            if worst in (*self.results, *self.mutants):
                return worst
        return "passed" if self.results else "not run"

    @property
    def needs_mutant(self) -> bool:
        return "random moments" in self.fault

    def cells(self) -> tuple[str, ...]:
        recovery = (
            f"{statistics.median(self.recoveries):.1f}, at most {max(self.recoveries):.1f}" if self.recoveries else ""
        )
        found = f"{self.mutants.count('passed')} of {len(self.mutants)}" if self.mutants else ""
        return self.fault, str(self.tries), str(self.lost), str(self.doubled), recovery, found, self.result


class Rows:
    """A pytest plugin that selects the marked tests, and keeps what they counted."""

    def __init__(self, only: str | None) -> None:
        self.only, self.rows, self._marks = only, dict[str, Row](), dict[str, tuple[str, str]]()

    def row(self, fault: str) -> Row:
        return self.rows.setdefault(fault, Row(fault))

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = list[pytest.Item]()
        for item in items:
            for kind in ("fault", "mutant"):
                if (mark := item.get_closest_marker(kind)) and (self.only or "") in mark.args[0]:
                    self._marks[item.nodeid] = (kind, mark.args[0])
                    chosen.append(item)
        config.hook.pytest_deselected(items=[each for each in items if each not in chosen])
        items[:] = chosen

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        kind, fault = self._marks[report.nodeid]
        row = self.row(fault)
        if report.when == "call" or report.outcome != "passed":
            (row.results if kind == "fault" else row.mutants).append(report.outcome)
        if report.when == "teardown" and kind == "fault":
            counted = dict(report.user_properties)
            row.tries += int(str(counted.get("tries", 1)))
            row.lost += int(str(counted.get("lost", 0)))
            row.doubled += int(str(counted.get("doubled", 0)))
            row.recoveries += counted.get("recoveries", [])  # type: ignore[arg-type]
        if report.when == "teardown":
            print(f"{kind}: {' | '.join(row.cells())}", flush=True)


def live_rows(given: Namespace) -> Iterator[Row]:
    """A platform with Kafka under random kills and hangs, two whose clock jumps, and one with a fault built in that has to be found."""
    from tests.faults.chaos import options, random_kills

    for often in (
        ["--kills", str(given.kills), "--hangs", str(given.hangs), "--kafka"],
        ["--kills", "0", "--clock-jumps", str(given.clock_jumps)],
        ["--kills", "0", "--clock-jumps", str(given.clock_jumps), "--kafka"],
    ):
        chosen = options().parse_args([*often, "--minutes", str(given.minutes)])
        outcome = random_kills(chosen, chosen.seed)
        lost, doubled = (sum(getattr(each, name) for each in outcome.failures) for name in ("lost", "doubled"))
        result = "failed" if outcome.failures else "passed"
        for fault, name in LIVE.items():
            recoveries = [each.seconds for each in outcome.recoveries if each.fault == fault]
            if recoveries:
                yield Row(
                    f"{name}{', with Kafka' if chosen.kafka else ''}, at random moments",
                    len(recoveries),
                    lost,
                    doubled,
                    recoveries,
                    [result],
                )
    mutant = options().parse_args(["--mutant", "positions_first", "--kills", "8", "--only", "land", "--users", "4"])
    yield Row("", mutants=["passed" if random_kills(mutant, mutant.seed).failures else "failed"])


def table(rows: list[Row]) -> str:
    lines = [HEADS, tuple("---" for _ in HEADS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the tests at full size, with new random seeds")
    parser.add_argument("paths", nargs="*", default=[str(HERE)], help="where the tests are")
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--kills", type=int, default=30, help="of the running platform; 0 leaves it out")
    parser.add_argument("--hangs", type=int, default=2)
    parser.add_argument("--clock-jumps", type=int, default=4)
    parser.add_argument(
        "--minutes", type=float, default=10, help="begin no fault of the running platform after so many"
    )
    given = parser.parse_args()
    os.environ |= {"TEST_SIZE": "full"} if given.full else {}  # before tests.sizes is imported
    begun, selected = time.monotonic(), Rows(given.only)
    pytest.main([*given.paths, "-q", "--no-header", "-p", "no:cacheprovider"], plugins=[selected])
    rows = sorted(selected.rows.values(), key=lambda row: row.fault)
    if given.kills and (given.only or "any process") in " ".join(LIVE.values()):
        *live, mutant = live_rows(given)
        for row in live:
            row.mutants = mutant.mutants
        rows += live
    memory = psutil.virtual_memory().total >> 30
    machine = f"{platform.system()}, {os.cpu_count()} cores, {memory} GiB"
    print(
        f"\nFocusFlow {__version__}, {clock.now():%Y-%m-%d}, {machine}, {(time.monotonic() - begun) / 60:.0f} minutes\n"
    )
    print(table(rows), flush=True)
    return 0 if rows and all(row.result == "passed" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

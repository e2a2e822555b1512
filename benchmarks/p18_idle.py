"""P18: what all processes of `focusflow up --demo` use while nothing happens."""

import time
from dataclasses import dataclass

import psutil

from benchmarks.result import Result
from tests.e2e.conftest import Stack, a_stack

SETTLE_SECONDS, MEASURE_SECONDS = 90, 240
GOAL_CPU_PERCENT, GOAL_MIB = 3, 700


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time so far, memory where what is shared is divided among those who share it, and threads."""

    cpu_seconds: float
    pss_mib: float
    threads: int


def measure(scale: float) -> Result:
    with a_stack() as stack:
        stack.start("--demo")
        time.sleep(SETTLE_SECONDS * scale)
        before, begun = usage_by_service(stack), time.monotonic()
        time.sleep(MEASURE_SECONDS * scale)
        after, seconds = usage_by_service(stack), time.monotonic() - begun
    percent = {
        name: (usage.cpu_seconds - before.get(name, Usage(0, 0, 0)).cpu_seconds) / seconds * 100
        for name, usage in after.items()
    }
    memory = sum(usage.pss_mib for usage in after.values())
    return Result(
        "P18",
        "all processes of `focusflow up --demo` while nothing happens",
        sum(percent.values()),
        GOAL_CPU_PERCENT,
        "% of a core",
        more_is_better=False,
        detail={"memory": f"{memory:.0f} MiB (goal {GOAL_MIB})"}
        | {
            name: f"{percent[name]:.1f} %, {usage.pss_mib:.0f} MiB, {usage.threads} threads"
            for name, usage in sorted(after.items())
        },
    )


def usage_by_service(stack: Stack) -> dict[str, Usage]:
    """Of each service with the processes that it started; `up` itself and the database are services, too."""
    assert stack.up is not None
    roots = {"up": psutil.Process(stack.up.pid), "database": stack.postmaster(), **stack.children()}
    return {
        name: usage_of([root, *([] if name == "up" else root.children(recursive=True))]) for name, root in roots.items()
    }


def usage_of(processes: list[psutil.Process]) -> Usage:
    times = [each.cpu_times() for each in processes]
    return Usage(
        sum(each.user + each.system for each in times),
        sum(each.memory_full_info().pss for each in processes) / 2**20,
        sum(each.num_threads() for each in processes),
    )

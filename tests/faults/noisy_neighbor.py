"""One hostile user beside fifty others: `python -m tests.faults.noisy_neighbor`. It prints the others' latency and freshness, quiet and beside them.

The hostile user sends rules that are expensive to follow, searches that find nothing, bodies of 10 MB, reminders and time zones without end.
The exit code is 0 only if the others' latency stays within twice that of the quiet phase and everything of theirs arrives.
"""

import argparse
import itertools
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2

from focusflow import clock
from tests.e2e.conftest import Stack, a_stack
from tests.faults.chaos import DRAIN_SECONDS, ZONES, User, differences, query

CONNECTIONS = 16
WORST_RATIO = 2.0
RULES = (
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYEASTER=0", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "FREQ=DAILY;BYSETPOS=366",
    "FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=29", "FREQ=DAILY;COUNT=999999", "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["31"] * 5000),
)  # fmt: skip


class Hostile:
    """Sixteen connections of one account that send whatever costs most."""

    def __init__(self, user: User, address: str) -> None:
        self.user, self.address, self.stop = user, address, threading.Event()
        self.answers: dict[int, int] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(CONNECTIONS)

    def prepare(self) -> None:
        for number in range(60):
            begin = {"start_at": "1970-01-01T09:00:00Z", "end_at": "1970-01-01T09:30:00Z", "rrule": "FREQ=DAILY"}
            self.user.request("POST", "/calendar", {"title": f"Series {number}", **begin})
        for number in range(300):
            self.user.request("POST", "/tasks", {"title": f"{number} " + "lorem ipsum dolor " * 25})

    def start(self) -> None:
        for number in range(CONNECTIONS):
            self._threads.submit(self._send, number)

    def finish(self) -> None:
        self.stop.set()
        self._threads.shutdown()

    def _send(self, number: int) -> None:
        token = {"Authorization": f"Bearer {self.user.token}"}
        with httpx2.Client(base_url=f"{self.address}/api/v1", timeout=10, trust_env=False, headers=token) as client:
            for turn in itertools.count(number):
                if self.stop.is_set():
                    return
                try:
                    status = client.request(**self._request(turn)).status_code
                except httpx2.HTTPError:
                    status = 0
                with self._lock:
                    self.answers[status] = self.answers.get(status, 0) + 1

    def _request(self, turn: int) -> dict[str, Any]:
        soon = (clock.now() + timedelta(minutes=1)).isoformat()
        rule = RULES[turn % len(RULES)]
        bodies: list[tuple[str, str, Any]] = [
            ("POST", "/tasks", {"title": "x", "due_date": "2026-12-01", "recurrence": rule}),
            ("GET", "/tasks/search?q=zzzzqqqq%20xxxxyyyy", None),
            ("GET", "/calendar?since=2026-11-01&until=2027-01-31", None),
            ("GET", "/tasks?limit=200", None),
            ("POST", "/tasks", {"title": "y", "notes": "z" * 10_000_000}),
            ("POST", "/notifications", {"title": "r", "scheduled_at": soon}),
            ("PATCH", "/me", {"timezone": ZONES[turn % len(ZONES)]}),
            ("GET", "/scores?limit=100", None),
        ]
        method, url, body = bodies[turn % len(bodies)]
        return {"method": method, "url": url, **({} if body is None else {"json": body})}


def phase(users: list[User], seconds: float) -> tuple[float, float]:
    """The median and the 95th percentile of the others' latencies, in milliseconds."""
    for user in users:
        user.latencies.clear()
    time.sleep(seconds)
    latencies = [each * 1000 for user in users for each in list(user.latencies)]
    return statistics.median(latencies), statistics.quantiles(latencies, n=20)[-1]


def freshness(stack: Stack, user: User) -> float:
    """Seconds from an acknowledged task to its row in gold."""
    before, begun = _created(stack, user), time.monotonic()
    user.request("POST", "/tasks", {"title": "Fresh"})
    while _created(stack, user) <= before:
        assert time.monotonic() - begun < DRAIN_SECONDS, "no row in gold"
        time.sleep(0.5)
    return time.monotonic() - begun


def _created(stack: Stack, user: User) -> int:
    rows = query(
        stack,
        f"select coalesce(sum(tasks_created), 0) as n from gold.productivity_daily where user_id = '{user.user_id}'",
    )
    return int(rows[0]["n"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30, help="length of each phase")
    given = parser.parse_args()
    with a_stack() as stack:
        stack.start()
        stop, address = threading.Event(), stack.address("api")
        users = [User(number, address, stop, seed=1) for number in range(given.users + 2)]
        for user in users:
            user.register()
        *others, probe, bad = users
        for user in others:
            user.start()
        quiet, quiet_age = phase(others, given.seconds), freshness(stack, probe)
        hostile = Hostile(bad, address)
        hostile.prepare()
        hostile.start()
        noisy, noisy_age = phase(others, given.seconds), freshness(stack, probe)
        hostile.finish()
        stop.set()
        for user in others:
            user.join(DRAIN_SECONDS)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (wrong := differences(stack, others)) and time.monotonic() < deadline:
            time.sleep(2)
    print(f"{'':<10}{'median ms':>10}{'p95 ms':>8}{'to gold s':>11}")
    print(f"{'quiet':<10}{quiet[0]:>10.1f}{quiet[1]:>8.1f}{quiet_age:>11.1f}")
    print(f"{'noisy':<10}{noisy[0]:>10.1f}{noisy[1]:>8.1f}{noisy_age:>11.1f}")
    print("answers to the hostile user:", dict(sorted(hostile.answers.items())))
    for difference in wrong[:20]:
        print("FAILED:", difference)
    return 0 if not wrong and noisy[0] <= WORST_RATIO * quiet[0] else 1


if __name__ == "__main__":
    sys.exit(main())

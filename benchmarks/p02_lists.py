"""P2: lists of 100 tasks and 100 scores, beside bare routes that pass on the same JSON as Postgres renders it."""

import statistics
from collections.abc import Iterable
from itertools import chain

from benchmarks.http import ROUNDS, Place, rate, request, served
from benchmarks.result import Result, percentile

TASKS, LISTS = 300, 1_000
SLOWEST_MS = 50


def measure(scale: float) -> Result:
    count = max(int(LISTS * scale), 100)
    with served() as place:
        rate(place.ours, lambda number: _add(place, number), TASKS)
        measured = {name: [_both(place, name, count) for _ in range(ROUNDS + 1)][1:] for name in ("tasks", "scores")}
    ratios = {name: statistics.median(ours / bare for ours, _, bare, _ in rounds) for name, rounds in measured.items()}
    p99 = {name: slowest(taken for _, taken, _, _ in rounds) for name, rounds in measured.items()}
    detail = {
        f"{name}": f"{ratios[name]:.2f}, {statistics.median(ours for ours, *_ in rounds):,.0f}/s, p99 {p99[name]:.0f} ms,"
        f" of the bare route {slowest(taken for *_, taken in rounds):.0f} ms"
        for name, rounds in measured.items()
    }
    value = min(ratios.values()) if max(p99.values()) <= SLOWEST_MS else 0.0
    return Result(
        "P2",
        f"GET of 100 tasks, of 100 scores (p99 ≤ {SLOWEST_MS} ms)",
        value,
        0.6,
        "of the bare route",
        more_is_better=True,
        detail=detail,
    )


def _add(place: Place, number: int) -> bytes:
    body = {"title": f"Task {number}", "priority": "high", "tags": ["home"], "due_date": "2026-12-01"}
    return request("POST", "/api/v1/tasks", body=body, token=place.token)


def slowest(rounds: Iterable[list[float]]) -> float:
    """The p99 of all rounds, in ms."""
    return percentile(list(chain.from_iterable(rounds)), 99) * 1000


def _both(place: Place, name: str, count: int) -> tuple[float, list[float], float, list[float]]:
    ask = request("GET", f"/api/v1/{name}?limit=100", token=place.token)
    bare = request("GET", f"/{place.user_id}/{name}")
    return *rate(place.ours, lambda _: ask, count), *rate(place.bare, lambda _: bare, count)

"""P10: from the 201 of a task to its score by a model, through the API, for somebody with an ordinary list."""

import asyncio
import time
from pathlib import Path

import orjson

from benchmarks.http import Place, exchange, rate, request, served
from benchmarks.result import Result, percentile
from focusflow import clock
from focusflow.settings import load_settings
from models.serving.registry import Registry
from models.training.dataset import lists_with_outcomes
from models.training.fit import fit
from tests.unit.models.histories import connected, lived

OPEN, TASKS = 100, 300
MEDIAN_MS = 50


def measure(scale: float) -> Result:
    count = max(int(TASKS * scale), 100)
    with served(_with_a_model) as place:
        rate(place.ours, lambda number: _new(place, number), OPEN)
        taken = [each * 1000 for each in asyncio.run(_from_task_to_score(place, count))]
    median, p99 = percentile(taken, 50), percentile(taken, 99)
    return Result(
        "P10",
        f"a score for a task just written (median ≤ {MEDIAN_MS} ms)",
        p99 if median <= MEDIAN_MS else float("inf"),
        300,
        "ms at p99",
        more_is_better=False,
        detail={"median": f"{median:.0f} ms", "open tasks": f"{OPEN}-{OPEN + count}"},
    )


def _with_a_model(home: Path) -> None:
    registry = Registry(load_settings(home=home).models_folder)
    lived_through = lists_with_outcomes(*connected(lived(users=60, days=60, planted=1.0)))
    registry.promote(registry.save(fit(lived_through), {"refused": []}, clock.now()), clock.now())


def _new(place: Place, number: int) -> bytes:
    return request(
        "POST", "/api/v1/tasks", body={"title": f"Task {number}", "due_date": "2026-12-01"}, token=place.token
    )


async def _from_task_to_score(place: Place, count: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.ours)
    taken = []
    for number in range(count):
        task = orjson.loads(await exchange(reader, writer, _new(place, number)))
        begun = time.perf_counter()
        score = request("GET", f"/api/v1/tasks/{task['id']}/score", token=place.token)
        found = orjson.loads(await exchange(reader, writer, score))
        assert (found["version"], found["is_baseline"]) == (1, False)
        taken.append(time.perf_counter() - begun)
    writer.close()
    return taken

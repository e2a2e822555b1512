"""P2: lists of 100 tasks and 100 scores, beside bare routes that pass on the same JSON as Postgres renders it."""

import statistics
from collections.abc import Iterable
from itertools import chain

from benchmarks.http import ROUNDS, Place, rate, request, served
from benchmarks.result import Result, percentile

SIZES, LISTS = (300, 3_000, 20_000), 600

ADD_TASKS = """
    insert into tasks (id, user_id, created_at, updated_at, title, priority, tags, due_date)
    select gen_random_uuid(), %(user_id)s, clock_timestamp() - make_interval(mins => number::int), clock_timestamp(), 'Task ' || number, 'high',
           '{home}', current_date + number::int %% 40
    from generate_series((select count(*) from tasks) + 1, %(count)s) as each (number)"""


def measure(scale: float) -> Result:
    count = max(int(LISTS * scale), 100)
    measured = {}
    with served() as place:
        for size in SIZES:
            with place.database.owner() as connection:
                connection.execute(ADD_TASKS, {"user_id": place.user_id, "count": size})
            rate(
                place.ours, lambda _: request("GET", "/api/v1/scores", token=place.token), 1
            )  # scores all that are new
            for name in ("tasks", "scores"):
                measured[f"{size:,} {name}"] = [_both(place, name, count) for _ in range(ROUNDS + 1)][1:]
    ratios = {name: statistics.median(ours / bare for ours, _, bare, _ in rounds) for name, rounds in measured.items()}
    p99 = {name: slowest(taken for _, taken, _, _ in rounds) for name, rounds in measured.items()}
    detail = {
        f"{name}": f"{ratios[name]:.2f}, {statistics.median(ours for ours, *_ in rounds):,.0f}/s, p99 {p99[name]:.0f} ms,"
        f" of the bare route {slowest(taken for *_, taken in rounds):.0f} ms"
        for name, rounds in measured.items()
    }
    sizes = ", ".join(f"{size:,}" for size in SIZES)
    return Result(
        "P2",
        f"GET of 100 tasks, of 100 scores, of {sizes}",
        min(ratios.values()),
        0.75,
        "of the bare route",
        more_is_better=True,
        detail=detail,
    )


def slowest(rounds: Iterable[list[float]]) -> float:
    """The p99 of all rounds, in ms."""
    return percentile(list(chain.from_iterable(rounds)), 99) * 1000


def _both(place: Place, name: str, count: int) -> tuple[float, list[float], float, list[float]]:
    ask = request("GET", f"/api/v1/{name}?limit=100", token=place.token)
    bare = request("GET", f"/{place.user_id}/{name}")
    return *rate(place.ours, lambda _: ask, count), *rate(place.bare, lambda _: bare, count)

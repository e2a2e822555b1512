"""P1: adding a task with sign-in, row-level security, validation, idempotency and event, beside the bare insert of the same two rows."""

import statistics

from benchmarks.http import ROUNDS, Place, rate, request, served
from benchmarks.result import Result
from focusflow.identity import new_id

TASKS = 3_000


def measure(scale: float) -> Result:
    count = max(int(TASKS * scale), 100)
    with served() as place:
        pairs = [(_ours(place, count), _bare(place, count)) for _ in range(ROUNDS + 1)][1:]
    ratios = [ours / bare for ours, bare in pairs]
    ratio = statistics.median(ratios)
    detail = {
        "rounds": f"{min(ratios):.2f} to {max(ratios):.2f}",
        "ours": f"{statistics.median(ours for ours, _ in pairs):,.0f}/s",
        "bare": f"{statistics.median(bare for _, bare in pairs):,.0f}/s",
    }
    return Result("P1", "POST /tasks", ratio, 0.6, "of the bare route", more_is_better=True, detail=detail)


def _ours(place: Place, count: int) -> float:
    def ask(number: int) -> bytes:
        body = {"title": f"Buy milk {number}", "priority": "medium"}
        return request("POST", "/api/v1/tasks", body=body, token=place.token, Idempotency_Key=new_id().hex)

    return rate(place.ours, ask, count)[0]


def _bare(place: Place, count: int) -> float:
    path = f"/{place.user_id}/tasks"
    return rate(place.bare, lambda number: request("POST", path, body={"title": f"Buy milk {number}"}), count)[0]

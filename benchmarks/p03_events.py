"""P3: taking in tracked events, 500 a call, durably, beside COPY of the same bytes into the same table by one connection."""

import statistics

import orjson

from benchmarks.http import ROUNDS, Place, rate, request, served
from benchmarks.result import Result
from focusflow.identity import new_id

BATCH, CALLS = 500, 60


def measure(scale: float) -> Result:
    calls = max(int(CALLS * scale), 10)
    with served() as place:
        pairs = [(_ours(place, calls), _copied(place, calls)) for _ in range(ROUNDS + 1)][1:]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    detail = {
        "ours": f"{statistics.median(ours for ours, _ in pairs) * BATCH:,.0f} events/s",
        "COPY": f"{statistics.median(bare for _, bare in pairs) * BATCH:,.0f} events/s",
    }
    return Result("P3", "POST /events", ratio, 0.5, "of COPY of the same bytes", more_is_better=True, detail=detail)


def _events() -> list[dict[str, object]]:
    return [
        {
            "name": "timer.opened",
            "id": new_id().hex,
            "time": "2026-11-20T08:00:00Z",
            "session_id": "018f3c1e7d2a",
            "platform": "ios",
            "app_version": "2.1.0",
            "properties": {"screen": "today", "position": number},
        }
        for number in range(BATCH)
    ]


def _ours(place: Place, calls: int) -> float:
    bodies = [orjson.dumps({"events": _events()}) for _ in range(calls)]
    return rate(place.ours, lambda n: request("POST", "/api/v1/events", body=bodies[n], token=place.token), calls)[0]


def _copied(place: Place, calls: int) -> float:
    """What ours writes for such a batch, as ready rows of COPY's text format."""
    stored = [b"".join(_row(place, each) for each in _events()) for _ in range(calls)]
    return rate(place.bare, lambda n: request("POST", "/copied", body=stored[n]), calls)[0]


def _row(place: Place, reply: dict[str, object]) -> bytes:
    value = orjson.dumps(_stored(place, reply)).replace(b"\\", b"\\\\")
    return f"{new_id()}\t{place.user_id}\t0\t".encode() + value + b"\n"


def _stored(place: Place, reply: dict[str, object]) -> dict[str, object]:
    """An event as it lies in the outbox."""
    kept = ("name", "session_id", "platform", "app_version", "properties")
    return {
        "specversion": "1.0", "id": str(new_id()), "source": "focusflow:api", "type": "activity.tracked", "subject": str(new_id()),
        "time": reply["time"], "userid": place.user_id, "entityversion": 1, "recordedtime": "2026-11-20T08:00:00.123456Z",
        "timezone": "Europe/Berlin", "localdate": "2026-11-20", "actor": "user", "dataschema": "focusflow:activity:1",
        "datacontenttype": "application/json", "data": {name: reply[name] for name in kept}, "before": None,
    }  # fmt: skip

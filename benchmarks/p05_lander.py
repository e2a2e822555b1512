"""P5: the lander, Kafka → Parquet, beside the bare client that drops what it reads. Round by round, because both drift with the machine."""

import resource
import statistics

from benchmarks.kafka import BUCKETS, Place, consume, filled
from benchmarks.result import Result, seconds
from focusflow.lake.tables import Lake
from ingestion.kafka.wiring import broker_source, relay_service
from ingestion.landing.service import open_ingestion

EVENTS, ROWS, ROUNDS = 400_000, 50_000, 3


def measure(scale: float) -> Result:
    events = max(int(EVENTS * scale), 1_000) // BUCKETS * BUCKETS
    with filled(events) as place:
        relay_service(
            place.database, place.url, place.lake, place.kafka, buckets=BUCKETS, rows=20_000, retention_hours=24
        ).drain()
        rounds = [one_round(place, Lake(f"{place.lake.location}-{number}"), events) for number in range(ROUNDS)]
    ratios = [bare / ours for ours, bare in rounds]
    ours, bare = (statistics.median(each) for each in zip(*rounds, strict=True))
    detail = {
        "events": f"{events:,}",
        "lander": f"{events / ours:,.0f}/s",
        "bare client": f"{events / bare:,.0f}/s",
        "rounds": " ".join(f"{ratio:.2f}" for ratio in sorted(ratios)),
        "peak": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB",
    }
    ratio = statistics.median(ratios)
    return Result("P5", "lander: Kafka → Parquet", ratio, 0.7, "× the bare client", more_is_better=True, detail=detail)


def one_round(place: Place, lake: Lake, events: int) -> tuple[float, float]:
    (bare,) = seconds(lambda: consume(place, place.kafka.events, events))
    with broker_source(place.database, place.kafka) as source:
        ingestion = open_ingestion(place.database, lake, buckets=BUCKETS, rows=ROWS, age_seconds=0, source=source)

        def land() -> None:
            assert ingestion.drain() == events

        (ours,) = seconds(land)
    return ours, bare

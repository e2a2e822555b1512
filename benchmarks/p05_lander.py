"""P5: the lander, Kafka → Parquet, beside the bare client that drops what it reads."""

import resource

from benchmarks.kafka import BUCKETS, consume, filled
from benchmarks.result import Result, seconds
from ingestion.routes import broker_source, relay_service
from ingestion.service import open_ingestion

EVENTS, ROWS = 400_000, 50_000


def measure(scale: float) -> Result:
    events = max(int(EVENTS * scale), 1_000) // BUCKETS * BUCKETS
    with filled(events) as place:
        relay_service(
            place.database, place.url, place.lake, place.kafka, buckets=BUCKETS, rows=20_000, retention_hours=24
        ).drain()
        (bare,) = seconds(lambda: consume(place, place.kafka.events, events))
        with broker_source(place.database, place.kafka) as source:
            ingestion = open_ingestion(
                place.database, place.lake, buckets=BUCKETS, rows=ROWS, age_seconds=0, source=source
            )

            def land() -> None:
                landed = 0
                while landed < events:
                    landed += ingestion.lander.land_once(source)

            (ours,) = seconds(land)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    detail = {
        "events": f"{events:,}",
        "lander": f"{events / ours:,.0f}/s",
        "bare client": f"{events / bare:,.0f}/s",
        "peak": f"{memory} MiB",
    }
    return Result(
        "P5", "lander: Kafka → Parquet", bare / ours, 0.7, "× the bare client", more_is_better=True, detail=detail
    )

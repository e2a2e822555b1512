"""P4: the relay, outbox → Kafka, beside the bare client with the same messages."""

from benchmarks.kafka import BUCKETS, filled, messages_of, produce
from benchmarks.result import Result, seconds
from ingestion.routes import relay_service

EVENTS, ROWS = 200_000, 20_000


def measure(scale: float) -> Result:
    events = max(int(EVENTS * scale), 1_000) // BUCKETS * BUCKETS
    with filled(events) as place:
        relay = relay_service(
            place.database, place.url, place.lake, place.kafka, buckets=BUCKETS, rows=ROWS, retention_hours=24
        )
        (ours,) = seconds(relay.drain)
        messages = messages_of(place)
        assert len(messages) == events
        (bare,) = seconds(lambda: produce(place, place.kafka.inbox, messages))
    detail = {"events": f"{events:,}", "relay": f"{events / ours:,.0f}/s", "bare client": f"{events / bare:,.0f}/s"}
    return Result(
        "P4", "relay: outbox → Kafka", bare / ours, 0.8, "× the bare client", more_is_better=True, detail=detail
    )

"""P4: the relay, outbox → Kafka, beside the bare client with the same messages. Round by round, because both drift with the machine."""

import gc
import statistics
import threading
from contextlib import closing

from benchmarks.kafka import BUCKETS, Messages, Place, filled, messages_of, produce
from benchmarks.result import Result, seconds
from ingestion.kafka.broker import Kafka
from ingestion.kafka.wiring import relay_service

EVENTS, ROWS, ROUNDS = 160_000, 20_000, 7


def measure(scale: float) -> Result:
    events = max(int(EVENTS * scale), 1_000) // BUCKETS * BUCKETS
    with filled(events) as place:
        messages = warmed_up(place, events)
        rounds = [one_round(place, f"round-{number}", messages) for number in range(ROUNDS)]
    ratios = [bare / ours for ours, bare in rounds]
    ours, bare = (statistics.median(each) for each in zip(*rounds, strict=True))
    detail = {
        "events": f"{events:,}",
        "relay": f"{events / ours:,.0f}/s",
        "bare client": f"{events / bare:,.0f}/s",
        "rounds": " ".join(f"{ratio:.2f}" for ratio in sorted(ratios)),
    }
    ratio = statistics.median(ratios)
    return Result("P4", "relay: outbox → Kafka", ratio, 0.8, "× the bare client", more_is_better=True, detail=detail)


def warmed_up(place: Place, events: int) -> Messages:
    """What the relay publishes, so that the client can be given the same; held apart from what either makes of it."""
    publish(place, place.kafka)
    messages = messages_of(place)
    assert len(messages) == events
    gc.collect()
    gc.freeze()
    return messages


def one_round(place: Place, prefix: str, messages: Messages) -> tuple[float, float]:
    kafka = Kafka(place.kafka.servers, prefix)
    kafka.prepare(BUCKETS, 24)
    (ours,) = seconds(lambda: publish(place, kafka))
    (bare,) = seconds(lambda: produce(place, kafka.inbox, messages))
    return ours, bare


def publish(place: Place, kafka: Kafka) -> None:
    """From the first event to the last; the topic is there already, as it is for the client."""
    service = relay_service(
        place.database, place.url, place.lake, kafka, buckets=BUCKETS, rows=ROWS, retention_hours=24
    )
    with closing(service.connect()) as publisher:
        for count in service.relay.rounds(publisher, threading.Event()):
            if not count:
                return

"""A million events from the outbox through Kafka into Parquet, relay and lander as processes of their own with the settings as they come:
how quick it is all the way, and whether memory grows. `python -m benchmarks.million [EVENTS]`.
"""

import multiprocessing
import sys
import threading
import time

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.kafka import BUCKETS, Place, filled
from focusflow.database.session import Database
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from focusflow.settings import Settings
from ingestion.kafka.broker import Kafka
from ingestion.kafka.wiring import broker_source, relay_service
from ingestion.landing.service import OutboxMaintenance, open_ingestion
from ingestion.reconciliation import count, judge

LOOKS = 10
SETTINGS = Settings(_env_file=None)


def relay(url: str, lake: str, servers: str) -> None:
    with Database(url) as database:
        relay_service(
            database, url, Lake(lake), Kafka(servers), buckets=BUCKETS, rows=SETTINGS.relay_rows, retention_hours=24
        ).run(threading.Event())


def land(url: str, lake: str, servers: str) -> None:
    with Database(url) as database, broker_source(database, Kafka(servers)) as source:
        open_ingestion(
            database,
            Lake(lake),
            buckets=BUCKETS,
            rows=SETTINGS.land_rows,
            age_seconds=SETTINGS.land_age_seconds,
            source=source,
        ).run(threading.Event(), OutboxMaintenance(url))


def main(events: int) -> None:
    with filled(events) as place:
        table = followed(place, events)
        verdict = judge(count(place.database, place.lake))
    Console().print(table)
    Console().print(verdict.sentence)


def followed(place: Place, events: int) -> Table:
    """Looked at each time that another tenth has landed."""
    table = Table("landed", "seconds", "events/s", "relay MiB", "lander MiB")
    spawn = multiprocessing.get_context("spawn")
    arguments = (place.url, place.lake.location, place.kafka.servers)
    processes = [spawn.Process(target=work, args=arguments, daemon=True) for work in (relay, land)]
    begun = time.perf_counter()
    for process in processes:
        process.start()
    watched = [psutil.Process(process.pid) for process in processes]
    for look in range(1, LOOKS + 1):
        while (there := landed(place.lake)) < events * look // LOOKS:
            time.sleep(0.1)
        seconds = time.perf_counter() - begun
        memory = [f"{each.memory_info().rss >> 20}" for each in watched]
        table.add_row(f"{there:,}", f"{seconds:.1f}", f"{there / seconds:,.0f}", *memory)
    for process in processes:
        process.kill()
        process.join()
    return table


def landed(lake: Lake) -> int:
    raw = lake.pinned(RAW_EVENTS.name)
    return sum(raw.position(position_key(bucket)) for bucket in range(BUCKETS)) if raw else 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

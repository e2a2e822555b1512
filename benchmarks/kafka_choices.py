"""How the relay's messages are best compressed, and by what the lander best reads their envelopes: `python -m benchmarks.kafka_choices`.

lz4 and msgspec are no part of the product; they are measured where somebody has installed them.
"""

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from kafka import KafkaProducer
from rich.console import Console
from rich.table import Table

from benchmarks.kafka import BUCKETS, Messages, Place, filled, messages_of
from benchmarks.p04_relay import publish
from focusflow.lake.session import duckdb_session
from ingestion.kafka.broker import SENDING, Kafka
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run

EVENTS, ROUNDS = 100_000, 3
CODECS = {"zstd": "zstandard", "lz4": "lz4", "gzip": "gzip", "none": "gzip"}
FIELDS = ("id", "type", "recordedtime", "localdate")

Read = Callable[[list[bytes]], pa.Table]


def main() -> None:
    with filled(EVENTS) as place:
        publish(place, place.kafka)
        messages = messages_of(place)
        gc.freeze()
        show(sending(place, messages))
    show(reading([value for _, value, _ in messages]))


def sending(place: Place, messages: Messages) -> Table:
    """The client with the relay's settings, but for the compression; round by round, and of each its best, for others use the machine too."""
    table = Table("compression", "events/s", "CPU ms per 1,000", "bytes an event")
    codecs = [codec for codec, module in CODECS.items() if find_spec(module)]
    rounds = [{codec: sent(place, messages, codec, number) for codec in codecs} for number in range(ROUNDS)]
    for codec in codecs:
        taken, cpu, size = (min(each) for each in zip(*(one[codec] for one in rounds), strict=True))
        table.add_row(codec, f"{EVENTS / taken:,.0f}", f"{cpu / EVENTS * 1e6:.1f}", f"{size:.0f}")
    return table


def sent(place: Place, messages: Messages, codec: str, number: int) -> tuple[float, float, float]:
    """Seconds until all was acknowledged, seconds of our own work, and bytes of an event on the wire."""
    kafka = Kafka(place.kafka.servers, f"{codec}-{number}")
    kafka.prepare(BUCKETS, 24)
    how = {**SENDING, "compression_type": None if codec == "none" else codec}
    with closing(KafkaProducer(bootstrap_servers=place.kafka.servers, **how)) as producer:

        def send() -> None:
            for partition, value, headers in messages:
                producer.send(kafka.events, value, headers=headers, partition=partition)
            producer.flush()

        taken, cpu = timed(send)
        measured: dict[str, Any] = producer.metrics()["producer-metrics"]
    return taken, cpu, measured["compression-rate-avg"] * plain_bytes(messages)


def plain_bytes(messages: Messages) -> float:
    return sum(len(value) + sum(len(key) + len(each) for key, each in headers) for _, value, headers in messages) / len(
        messages
    )


def reading(values: list[bytes]) -> Table:
    """Bytes to id, type, recorded time and local date as Arrow columns, broken JSON to nulls."""
    table = Table("reader", "events/s", "CPU ms per 1,000")
    session = duckdb_session("512MB")

    def by_duckdb(values: list[bytes]) -> pa.Table:
        return raw_rows(session, [Run(0, range(len(values)), values)])

    readers: dict[str, Read] = {"DuckDB": by_duckdb, "Polars": by_polars, "orjson": by_orjson}
    if find_spec("msgspec"):
        readers["msgspec"] = by_msgspec()
    for read in readers.values():
        assert sample_of(read, values) == sample_of(by_duckdb, values)
    rounds = [{name: timed(lambda: read(values)) for name, read in readers.items()} for _ in range(ROUNDS)]  # noqa: B023 (called at once)
    for name in readers:
        taken, cpu = (min(each) for each in zip(*(one[name] for one in rounds), strict=True))
        table.add_row(name, f"{len(values) / taken:,.0f}", f"{cpu / len(values) * 1e6:.1f}")
    return table


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of work in all our threads."""
    begun, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - worked


def sample_of(read: Read, values: list[bytes]) -> list[Any]:
    table = read([*values[:9], b"{"])
    return [table[name].to_pylist() for name in ("id", "type", "recorded_time", "local_date")]


def by_polars(values: list[bytes]) -> pa.Table:
    """It refuses the whole batch when one is not UTF-8; we would have to look first."""
    text = pl.Series("text", values, pl.Binary).cast(pl.String, strict=False)
    columns = [pl.col("text").str.json_path_match(f"$.{name}").alias(name) for name in FIELDS]
    read = text.to_frame().lazy().select(columns)
    return read.select(
        "id",
        "type",
        pl.col("recordedtime").str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).alias("recorded_time"),
        pl.col("localdate").str.to_date("%Y-%m-%d", strict=False).alias("local_date"),
    ).collect().to_arrow()  # fmt: skip


def by_orjson(values: list[bytes]) -> pa.Table:
    def read(value: bytes) -> Sequence[str | None]:
        try:
            event = orjson.loads(value)
        except orjson.JSONDecodeError:
            return (None,) * 4
        return [event.get(name) for name in FIELDS]

    return typed(list(zip(*map(read, values), strict=True)))


def by_msgspec() -> Read:
    msgspec = import_module("msgspec")
    decode = msgspec.json.Decoder(msgspec.defstruct("Envelope", [(name, str) for name in FIELDS])).decode

    def read(value: bytes) -> Sequence[str | None]:
        try:
            event = decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return (None,) * 4
        return (event.id, event.type, event.recordedtime, event.localdate)

    return lambda values: typed(list(zip(*map(read, values), strict=True)))


def typed(columns: list[tuple[str | None, ...]]) -> pa.Table:
    ids, types, recorded, dates = (pa.array(each, pa.string()) for each in columns)
    times = pc.cast(recorded, pa.timestamp("us", "UTC"))
    return pa.table({"id": ids, "type": types, "recorded_time": times, "local_date": pc.cast(dates, pa.date32())})


def show(table: Table) -> None:
    Console().print(table)


if __name__ == "__main__":
    main()

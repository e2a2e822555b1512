"""Clockify: the detailed report as CSV, in the languages that its columns come in."""

from collections.abc import Iterator

from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.records import NO, SURE, Item, Surroundings
from ingestion.importers.engine.time_tables import PROJECT, columns_of, read_time_table

#: Only Clockify gives the duration twice: in hours and minutes, and as a decimal.
DURATIONS = frozenset(
    {
        *("durationh", "durationdecimal", "dauerh", "dauerdezimal", "duréeh", "duréedécimale"),
        *("duraciónh", "duracióndecimal", "duraçãoh", "duraçãodecimal"),
    }
)


def sniff(upload: Upload) -> int:
    keys = columns_of(upload)
    return SURE if len(DURATIONS & keys) >= 1 and set(PROJECT) & keys else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    yield from read_time_table(upload, surroundings)

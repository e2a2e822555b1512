"""Processes that the fault tests kill. Forked from a server that has imported everything, so that hundreds start in seconds."""

import multiprocessing
import threading
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event

from focusflow.database.session import Database
from focusflow.lake import Lake
from ingestion.service import Upkeep, open_ingestion
from tests.conftest import BUCKETS


def forking() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "pandas"])  # which DuckDB imports with the first batch
    return context


def land(url: str, lake: str, is_ready: Event) -> None:
    """`focusflow land`, without the preparation of its command, committing as often as it can."""
    with Database(url) as database:
        ingestion = open_ingestion(database, Lake(lake), buckets=BUCKETS, rows=40, age_seconds=0)
        is_ready.set()
        ingestion.run(threading.Event(), Upkeep(url, due_at=float("inf")))

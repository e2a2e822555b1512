"""Processes that the fault tests kill. Forked from a server that has imported everything, so that hundreds start in seconds."""

import multiprocessing
import signal
import threading
from multiprocessing.context import ForkServerContext
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from focusflow.database.session import Database
from focusflow.lake import tables as lake_module
from focusflow.lake.tables import CommitConflict, Lake, Pinned
from ingestion.landing.service import OutboxMaintenance, open_ingestion
from tests.conftest import BUCKETS
from tests.faults.mutants.positions_first import positions_first
from tests.faults.points import Point
from tests.integration.refresher.conftest import a_refresher, few_tables

NEVER = float("inf")


def forking() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "pandas"])  # which DuckDB imports with the first batch
    return context


def land(url: str, lake: str, is_ready: Event, rows: int = 40) -> None:
    """`focusflow land`, without the preparation of its command, committing as often as it can."""
    with Database(url) as database:
        ingestion = open_ingestion(database, Lake(lake), buckets=BUCKETS, rows=rows, age_seconds=0)
        is_ready.set()
        ingestion.run(threading.Event(), OutboxMaintenance(url, due_at=NEVER))


def land_positions_first(url: str, lake: str, is_ready: Event) -> None:
    """The mutant: of rows and position, the position is committed first."""
    Pinned.append = positions_first(Pinned.append, pause_seconds=0.1)  # type: ignore[method-assign]
    land(url, lake, is_ready)


def land_until(url: str, lake: str, is_ready: Event, point: Point, nth: int) -> None:
    """One that is killed when it comes to a point, and sums its log up with every other commit."""
    lake_module.CHECKPOINT_COMMITS = 2
    point.strike(signal.SIGKILL, nth)
    land(url, lake, is_ready)


def land_frozen(
    url: str, lake: str, is_ready: Event, point: Point, refused: "Synchronized[int]", *, has_fence: bool = True
) -> None:
    """One that is frozen when it comes to a point. Without the fence, it commits onto whatever version it finds."""
    count_refusals(refused)
    if not has_fence:
        Pinned.append = onto_whatever_is_there(Pinned.append)  # type: ignore[method-assign]
    point.strike(signal.SIGSTOP)
    land(url, lake, is_ready)


def onto_whatever_is_there(append):
    """The mutant: it opens the table again before it writes."""

    def appending(raw, *what, **how):
        raw.delta.update_incremental()
        append(raw, *what, **how)

    return appending


def land_counting(url: str, lake: str, is_ready: Event, refused: "Synchronized[int]") -> None:
    """One that counts how often another was quicker, and takes few events at a time."""
    count_refusals(refused)
    land(url, lake, is_ready, rows=5)


def count_refusals(refused: "Synchronized[int]") -> None:
    append = Pinned.append

    def counting(*what, **how):
        try:
            append(*what, **how)
        except CommitConflict:
            with refused.get_lock():
                refused.value += 1
            raise

    Pinned.append = counting  # type: ignore[method-assign]


def refresh(url: str, lake: str, is_ready: Event) -> None:
    """`focusflow refresher`, without waiting and without the lease: it refreshes again and again beside others that do."""
    few_tables()
    with Database(url) as database:
        refresher = a_refresher(Lake(lake), database, url, Path(lake).parent)
        is_ready.set()
        while True:
            refresher.refresh_once()


def refresh_until(url: str, lake: str, is_ready: Event, point: Point, *, has_one_commit: bool = True) -> None:
    """One that is killed when it comes to a point. As a mutant, it moves the position first and writes the rows in a second commit."""
    if not has_one_commit:
        Pinned.append = positions_first(Pinned.append)  # type: ignore[method-assign]
    point.strike(signal.SIGKILL)
    refresh(url, lake, is_ready)


def refresh_frozen(url: str, lake: str, is_ready: Event, point: Point, *, has_fence: bool = True) -> None:
    """One that is frozen when it comes to a point. As a mutant, it commits onto whatever version it finds."""
    if not has_fence:
        Pinned.append = onto_whatever_is_there(Pinned.append)  # type: ignore[method-assign]
    point.strike(signal.SIGSTOP)
    refresh(url, lake, is_ready)

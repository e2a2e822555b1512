"""A lake that notes how far it has read in one commit, and writes the rows in the next: a kill between the two loses them."""

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any


def positions_first(append: Callable[..., None], pause_seconds: float = 0) -> Callable[..., None]:
    def appending(table: Any, data: Any, *, positions: Any, **how: Any) -> None:
        append(table, data.slice(0, 0), positions=positions)
        time.sleep(pause_seconds)
        append(table, data, positions={}, **how)

    return appending


def change(tables: ModuleType) -> None:
    """With a pause between the commits, so that few kills are enough."""
    tables.Pinned.append = positions_first(tables.Pinned.append, pause_seconds=0.5)

"""Dagster's runs and ticks with their files held open, like its event log.

Dagster makes an engine for each statement and closes the file after it, which forces all that was written to disk. Its sensors look some
ten times a minute, with four statements each: most of what an idle installation did.
"""

import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine


class _HeldOpen:
    """The same file in the same place under Dagster's home: what one class wrote the other reads."""

    folder: str
    from_local: Callable[..., Any]  # of Dagster's class, as what follows
    _conn_string: str

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Any:
        return cls.from_local(str(Path(os.environ["DAGSTER_HOME"], cls.folder)), inst_data, **config_value)

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self._conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        weakref.finalize(self, engine.dispose)  # Dagster disposes of the storage of runs only
        return engine

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        self._engine.dispose()


class Runs(_HeldOpen, SqliteRunStorage):
    folder = "history"


class Schedules(_HeldOpen, SqliteScheduleStorage):
    folder = "schedules"

"""Dagster's event log with its files held open.

Dagster opens and closes files of SQLite some 3,400 times for the 550 events of a refresh: each time what was written is forced to disk, and
every statement is compiled again. Decision 0005 has the figures.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._config.config_schema import UserConfigSchema
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine

from pipelines.orchestration import lineage_events

#: The index, the run that is under way, and some that are looked at.
MOST_OPEN = 6


class EventLog(SqliteEventLogStorage):
    """The same files in the same place under Dagster's home: what one class wrote the other reads."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._open: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(str(Path(os.environ["DAGSTER_HOME"], "history", "runs")), inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        lineage_events.send(event)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in self._initialized_dbs:
            with super()._connect(shard):
                pass
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        """Whoever asks has the lock: of each file there is one connection, and the one that is let go is used by nobody."""
        if shard not in self._open:
            address = self.conn_string_for_shard(shard)
            timeout = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            self._open[shard] = create_engine(address, pool_size=1, max_overflow=0, connect_args=timeout)
        self._open.move_to_end(shard)
        if len(self._open) > MOST_OPEN:
            _, idle = self._open.popitem(last=False)
            idle.dispose()
        return self._open[shard]

    def delete_events(self, run_id: str) -> None:
        """With the file: what Dagster deletes of a run leaves a file of empty pages behind."""
        super().delete_events(run_id)
        self.delete_file(run_id)

    def delete_file(self, run_id: str) -> None:
        """What the index holds of these events stays."""
        with self._db_lock:
            if engine := self._open.pop(run_id, None):
                engine.dispose()
            self._initialized_dbs.discard(run_id)
            for path in Path(self._base_dir).glob(f"{run_id}.db*"):
                path.unlink()

    def wipe(self) -> None:
        self._close()
        super().wipe()

    def dispose(self) -> None:
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            while self._open:
                _, engine = self._open.popitem()
                engine.dispose()

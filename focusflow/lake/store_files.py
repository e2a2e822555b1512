"""The data files of a lake in an object store, as DuckDB and Arrow read them.

A data file is never written twice, so a small one is fetched whole, once, and kept in memory: each request takes longer than its bytes.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

from focusflow.object_store import ObjectStore, file_systems

#: Of a larger file only those pieces are fetched that are asked for.
MOST_WHOLE_BYTES = 2 * 1024 * 1024

#: So many bytes are kept of the files that were wanted last.
KEPT_BYTES = 64 * 1024 * 1024

UNCHANGED = datetime.fromtimestamp(0, UTC)

_opened: Final = dict[ObjectStore, "StoreFiles"]()


def open_files(store: ObjectStore) -> "StoreFiles":
    """The files of a store, with what this process has kept of them."""
    if store not in _opened:
        _opened[store] = StoreFiles(store, skip_instance_cache=True)
        file_systems.append(_opened[store])
    return _opened[store]


class StoreFiles(AbstractFileSystem):  # type: ignore[misc]
    """Read-only."""

    protocol = "s3"

    def __init__(self, store: ObjectStore, **options: Any) -> None:
        super().__init__(**options)
        self._store = store
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._sizes: dict[str, int] = {}
        self._lock = Lock()

    def open(self, path: str, mode: str = "rb", **_: Any) -> Any:  # noqa: ARG002 (they are read only)
        """A file to read from; FileNotFoundError where there is none."""
        import pyarrow as pa

        path = self._strip_protocol(path)
        with self._lock:
            if path in self._kept:
                self._kept.move_to_end(path)
                return pa.BufferReader(self._kept[path])
        with self._store.answers(path):
            file = self._store.files.open_input_file(path)
            size = file.size()
            if size > MOST_WHOLE_BYTES:
                self._sizes[path] = size
                return file
            with file:
                content: bytes = file.read()
        self._keep(path, content)
        return pa.BufferReader(content)

    def _keep(self, path: str, content: bytes) -> None:
        with self._lock:
            if path not in self._kept:
                self._kept[path] = content
                self._bytes += len(content)
            while len(self._kept) > 1 and self._bytes > KEPT_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= len(oldest)

    def size(self, path: str) -> int:
        path = self._strip_protocol(path)
        if path in self._kept:
            return len(self._kept[path])
        if path not in self._sizes:
            self.open(path).close()
        return self._sizes[path] if path in self._sizes else len(self._kept[path])

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": self._strip_protocol(path), "size": self.size(path), "type": "file"}

    def exists(self, path: str, **_: Any) -> bool:
        """A version names its files: one that is missing shows when it is opened."""
        return bool(path)

    def glob(self, path: str, **_: Any) -> list[str]:
        """Names of files are whole: DuckDB asks for each as if it were a pattern."""
        return [self._strip_protocol(path)]

    def modified(self, path: str) -> datetime:  # noqa: ARG002 (of no file)
        return UNCHANGED

"""SQLite databases as uploads. They are read from memory."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, Self


def is_database(content: bytes) -> bool:
    return content.startswith(b"SQLite format 3\0")


class DatabaseFile:
    """An open upload. Raises `sqlite3.Error` where it is damaged."""

    def __init__(self, content: bytes) -> None:
        self._connection = sqlite3.connect(":memory:")
        # a write-ahead log cannot be opened from memory: bytes 18 and 19 say whether there is one
        self._connection.deserialize(content[:18] + b"\x01\x01" + content[20:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def all(self, query: str) -> Iterator[Mapping[str, Any]]:
        """The rows of a query, by their columns."""
        cursor = self._connection.execute(query)
        names = [column[0] for column in cursor.description]
        yield from (dict(zip(names, row, strict=True)) for row in cursor)

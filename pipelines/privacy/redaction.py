"""Takes identifiers out of files under the home: logs, Data Docs, and Dagster's storage.

Other processes have these files open. So text is overwritten where it stands, by as many bytes; databases are changed by SQL.
"""

import mmap
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

#: What is erased by other means (the lake, Postgres, exports), or holds no rows of users.
LEFT_OUT = frozenset({"lake", "catalog.duckdb", "postgres", "exports", "erasures", "secrets", "models", "mails", "tmp"})

SQLITE = b"SQLite format 3\0"
BUSY_SECONDS = 60


def redact(home: Path, identifiers: Sequence[str]) -> int:
    """Overwrite identifiers in all files under the home. Returns how many files had one."""
    pattern = re.compile("|".join(map(re.escape, identifiers)).encode(), re.IGNORECASE)
    changed = 0
    for path in _files(home):
        with suppress(FileNotFoundError):  # a log that was rotated
            changed += _redact_database(path, identifiers) if _is_database(path) else _redact_text(path, pattern)
    return changed


def _files(home: Path) -> Iterator[Path]:
    for entry in sorted(home.iterdir()) if home.exists() else ():
        if entry.name not in LEFT_OUT:
            yield from (path for path in ([entry] if entry.is_file() else sorted(entry.rglob("*"))) if path.is_file())
    server_log = home / "postgres" / "server.log"
    if server_log.is_file():
        yield server_log


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def _redact_text(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Databases' own journals are left alone: they are emptied with the database."""
    if path.name.endswith(("-wal", "-shm", "-journal")) or not path.stat().st_size:
        return False
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        found = list(pattern.finditer(content))
        spans = [match.span() for match in found]
        del found
        for start, end in spans:
            content[start:end] = b"x" * (end - start)
        content.flush()
    return bool(spans)


def _redact_database(path: Path, identifiers: Sequence[str]) -> bool:
    """Replace identifiers in all columns, and overwrite what they leave behind."""
    changed = 0
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
        database.execute("pragma secure_delete = on")
        tables = [
            name for (name,) in database.execute("select name from sqlite_master where type = 'table'").fetchall()
        ]
        for table in tables:
            for column in [row[1] for row in database.execute(f"pragma table_info({_name(table)})").fetchall()]:
                for identifier in identifiers:
                    changed += database.execute(
                        REPLACE.format(table=_name(table), column=_name(column)),
                        (identifier, "x" * len(identifier), identifier),
                    ).rowcount
        if changed:
            database.execute("vacuum")
            database.execute("pragma wal_checkpoint(truncate)")
    return bool(changed)


REPLACE = (
    "update {table} set {column} = replace({column}, ?, ?) where typeof({column}) = 'text' and instr({column}, ?) > 0"
)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

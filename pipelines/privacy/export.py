"""Everything about a user as a ZIP of JSON and CSV: every table of Postgres and of the lake, and emails that were written to files.

A file is written row by row, so that an export of any size needs little memory. Its README explains every file.
"""

import csv
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson
from psycopg import sql
from sqlalchemy import Table as PostgresTable

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import NotFound
from focusflow.identity import bucket_of
from focusflow.lake.session import Session
from focusflow.lake.tables import Lake, Pinned
from focusflow.spreadsheet import inert
from pipelines.engine import descriptions
from pipelines.engine.descriptions import Table
from pipelines.privacy.account_tables import DESCRIPTIONS, account_tables, exported_columns

ACCOUNTS = load_queries(Path(__file__).with_name("accounts.sql"))

#: So many rows are in memory at a time, and so many bytes of a CSV before it goes to a temporary file.
BATCH_ROWS, SPOOLED_BYTES = 2_000, 8 << 20

README = "README.txt"
INTRODUCTION = """\
Your FocusFlow data
===================

Everything that this FocusFlow installation stores about {email}, as of {now:%Y-%m-%d %H:%M} UTC.

Each table comes twice with the same rows: as JSON, for programs, and as CSV, for spreadsheets. Times are in UTC. In CSV, an
apostrophe at the start of a text that begins like a formula was added for your safety.

Passwords, API keys and the secrets of sign-ins and links are not part of an export. FocusFlow itself stores only their hashes.
"""

ACCOUNT = "What you entered, and your account"
ANALYTICS = "What was computed from it, and the events behind it"
EMAILS = "Emails to you"

Row = Mapping[str, Any]


@dataclass(slots=True)
class Contents:
    """What an export holds: the number of rows of each table and of its emails."""

    rows: dict[str, int] = field(default_factory=dict)
    _sections: dict[str, list[str]] = field(default_factory=dict)

    def add(self, section: str, name: str, explanation: str, rows: int) -> None:
        self.rows[name] = rows
        self._sections.setdefault(section, []).append(f"{name}: {rows:,}\n{explanation}\n")

    def readme(self, email: str, now: datetime) -> str:
        lines = [INTRODUCTION.format(email=email, now=now)]
        for heading, entries in self._sections.items():
            lines += [heading, "-" * len(heading), "", *entries]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes exports of one installation."""

    database: Database
    lake: Lake
    session: Session
    home: Path
    buckets: int

    def write(self, user_id: UUID, path: Path, now: datetime) -> Contents:
        """Write the export of a user to a file that only its owner can read. It appears there once it is complete."""
        with self.database.transaction(Role.PRIVACY, user_id) as tx:
            account = tx.one(ACCOUNTS["email"], {"user_id": user_id})
        if account is None:
            raise NotFound("No account has this id.")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.draft")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                contents = self._fill(Archive(archive, now), user_id, account["email"])
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return contents

    def _fill(self, archive: "Archive", user_id: UUID, email: str) -> Contents:
        contents = Contents()
        for table, owner in account_tables():
            name, columns = f"account/{table.name}", exported_columns(table)
            with closing(self._account_rows(table, owner, user_id)) as rows:
                contents.add(ACCOUNT, name, DESCRIPTIONS[table.name], archive.add_table(name, columns, rows))
        for described in lake_tables():
            name, columns = f"analytics/{described.sql_name}", [column.name for column in described.columns]
            count = archive.add_table(name, columns, self._lake_rows(described, user_id))
            contents.add(ANALYTICS, name, _explained(described), count)
        emails = sum(archive.add(f"emails/{path.name}", path.read_bytes()) for path in emails_to(self.home, email))
        contents.add(
            EMAILS, "emails", "Emails that were written to files, because no mail server is configured.", emails
        )
        archive.add(README, contents.readme(email, archive.now).encode())
        return contents

    def _account_rows(self, table: PostgresTable, owner: str, user_id: UUID) -> Generator[Row, None, None]:
        statement = sql.SQL("select {columns} from {table} where {owner} = %s order by {key}").format(
            columns=sql.SQL(", ").join(map(sql.Identifier, exported_columns(table))),
            table=sql.Identifier(table.name),
            owner=sql.Identifier(owner),
            key=sql.SQL(", ").join(sql.Identifier(column.name) for column in table.primary_key),
        )
        with (
            self.database.transaction(Role.PRIVACY, user_id) as tx,
            tx.connection.cursor(name="exported_rows") as cursor,
        ):
            cursor.itersize = BATCH_ROWS
            yield from cursor.execute(statement, [user_id])

    def _lake_rows(self, described: Table, user_id: UUID) -> Iterator[Row]:
        table = self.lake.pinned(described.full_name)
        if table is None:
            return
        query = f"from {rows_of(described, table, user_id, self.buckets)} order by {', '.join(described.grain)}"
        for batch in self.session.batches(query, parameters={"user_id": str(user_id)}, size=BATCH_ROWS):
            yield from batch.to_pylist()


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP that is written from its beginning to its end."""

    file: zipfile.ZipFile
    now: datetime

    def add(self, name: str, content: bytes) -> int:
        with self._entry(name) as entry:
            entry.write(content)
        return 1

    def add_table(self, name: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """The rows as JSON, and again as CSV. Returns their number."""
        count = 0
        with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as spooled:
            text = io.TextIOWrapper(spooled, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(text)
            writer.writerow(columns)
            with self._entry(f"{name}.json") as entry:
                entry.write(b"[")
                for row in rows:
                    values = {column: _plain(row[column]) for column in columns}
                    entry.write(b",\n" if count else b"\n")
                    entry.write(orjson.dumps(values))
                    writer.writerow(_cell(value) for value in values.values())
                    count += 1
                entry.write(b"\n]\n")
            text.detach().seek(0)
            with self._entry(f"{name}.csv") as entry:
                shutil.copyfileobj(spooled, entry)
        return count

    @contextmanager
    def _entry(self, name: str) -> Iterator[IO[bytes]]:
        info = zipfile.ZipInfo(name, self.now.timetuple()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self.file.open(info, "w", force_zip64=True) as entry:
            yield entry


def lake_tables() -> Iterator[Table]:
    """The tables of the lake with rows about single users."""
    return (each for each in descriptions.TABLES if each.is_personal or each.has_personal_text)


def rows_of(described: Table, table: Pinned, user_id: UUID, buckets: int) -> str:
    """A user's rows of a table of the lake, as a query with the parameter `user_id`. Events as they came name their user in their bytes."""
    scan = table.scan(f"bucket = {bucket_of(user_id, buckets)}" if "bucket" in described.partition_by else None)
    if described.is_personal:
        return f"(from {scan} where user_id = $user_id)"
    text = "try(decode(value))"
    owner = f"case when json_valid({text}) then lower(json_extract_string({text}, '$.userid')) end"
    # What is no JSON, or no text, is the user's where it names their id.
    named = f"contains(lower({text}), $user_id), contains(hex(value), hex(encode($user_id)))"
    return f"(from {scan} where coalesce({owner} = $user_id, {named}))"


def emails_to(home: Path, email: str) -> list[Path]:
    """The emails to an address that were written to files."""
    return [path for path in sorted((home / "mails").glob("*.eml")) if _recipient(path) == email.casefold()]


def _recipient(path: Path) -> str:
    """The address is compared as it was written; what cannot be read is to nobody."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    addresses = mail["To"].addresses if mail["To"] is not None else ()
    return str(addresses[0].addr_spec).casefold() if addresses else ""


def _explained(table: Table) -> str:
    """What a table is for, and what each of its columns means."""
    return "\n".join([table.description, *(f"  {column.name}: {column.description}" for column in table.columns)])


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode(errors="replace")
        case float() if value != value or abs(value) == float("inf"):  # noqa: PLR0124 (the only value that differs from itself)
            return None
    return value


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return inert(value)
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value

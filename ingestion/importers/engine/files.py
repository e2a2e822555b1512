"""Uploads and their texts: archives, encodings, and CSV and JSON with the line of each item."""

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from focusflow.errors import Invalid

#: An archive may unpack to so much. A year of window events has some hundred megabytes.
UNPACKED_BYTES = 1_000_000_000
MEMBERS = 20_000
#: Of other ways to pack, Python unpacks a member whole, however much longer than announced it is.
BOUNDED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

#: A field of a CSV file, such as a long note. The module's own limit is 128 KiB.
FIELD_CHARACTERS = 10_000_000

MARKS = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-32", b"\xff\xfe\0\0"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))

#: Runs of letters beyond ASCII, and how long they are on average where they are not letters with accents between others.
RUN, LONG_RUNS = re.compile(rb"[\x80-\xff]+"), 2.5

DELIMITERS = ",;\t|"


class Malformed(Invalid):
    """The file cannot be read."""

    @classmethod
    def at(cls, file: str, line: int, reason: str) -> "Malformed":
        return cls(f"{file or 'The file'}, line {line}: {reason}. Nothing was imported.")


@dataclass(frozen=True)
class File:
    """A file of an upload."""

    name: str
    content: bytes

    @cached_property
    def text(self) -> str:
        return decode(self.content)

    @cached_property
    def start(self) -> str:
        """The first characters, with which a format can be recognized."""
        return self.text[:20_000]

    @property
    def stem(self) -> str:
        return self.name.rpartition("/")[2].rpartition(".")[0] or self.name

    def has_suffix(self, *suffixes: str) -> bool:
        return self.name.lower().endswith(suffixes)


@dataclass(frozen=True)
class Upload:
    """What a user hands in: a file, or an archive of files."""

    name: str
    content: bytes

    @cached_property
    def files(self) -> tuple[File, ...]:
        if not self.content.startswith(b"PK\x03\x04"):
            return (File(self.name, self.content),)
        return tuple(_members(self.name, self.content))

    @property
    def is_archive(self) -> bool:
        return self.content.startswith(b"PK\x03\x04")

    def label(self, file: File) -> str:
        """The name of a file in places; empty where there is only one."""
        return file.name if self.is_archive else ""


def _members(name: str, content: bytes) -> Iterator[File]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            if len(entries) > MEMBERS or sum(each.file_size for each in entries) > UNPACKED_BYTES:
                raise Malformed(f"{name} unpacks to more than {UNPACKED_BYTES // 1_000_000:,} MB or {MEMBERS:,} files.")
            if not {each.compress_type for each in entries} <= BOUNDED:
                raise Malformed(f"{name} is packed in a way that is not supported. Pack it with Deflate, as usual.")
            for entry in entries:
                if not entry.filename.startswith("__MACOSX/"):
                    yield File(entry.filename, archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Malformed(f"{name} is a damaged or encrypted archive: {error}.") from error


def decode(content: bytes) -> str:
    r"""The text of a file in the encoding that it has. Line ends become `\n`.

    >>> decode("Müsli\r\n".encode("utf-16")), decode("Müsli".encode("cp1252"))
    ('Müsli\n', 'Müsli')
    """
    for encoding, mark in MARKS:
        if content.startswith(mark):
            text = content.decode(encoding, "replace")
            break
    else:
        text = _decode_unmarked(content)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _decode_unmarked(content: bytes) -> str:
    head = content[:1000]
    if head.count(0) > len(head) // 4:
        return content.decode("utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" or _is_mostly_utf_8(content):
            return content.decode("utf-8", "replace")
    return _decode_legacy(content)


def _is_mostly_utf_8(content: bytes) -> bool:
    """Whether a file is UTF-8 but for a few broken bytes."""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return 2 * broken <= sum(not each.isascii() for each in text)


def _decode_legacy(content: bytes) -> str:
    """The text of an encoding from before Unicode: that of Western Europe, unless something speaks for another one."""
    with suppress(UnicodeDecodeError):
        text = content.decode("shift_jis")
        if KANA.search(text) and not HALF_WIDTH.search(text):
            return text
    runs = RUN.findall(content[:100_000])
    high = b"".join(runs)
    if len(high) > LONG_RUNS * len(runs):
        is_cyrillic = sum(byte >= 0xC0 for byte in high) > 0.95 * len(high)
        with suppress(UnicodeDecodeError):
            return content.decode("cp1251" if is_cyrillic else "gb18030")
    return content.decode("cp1252", "replace")


#: Western letters that are taken for Japanese are of half width.
KANA, HALF_WIDTH = re.compile("[\u3041-\u30fe]"), re.compile("[\uff61-\uff9f]")


def key_of(name: str) -> str:
    """A column's name as it is compared.

    >>> key_of(" Is Check-list "), key_of("Fälligkeit")
    ('ischecklist', 'fälligkeit')
    """
    return re.sub(r"[\W_]+", "", name).casefold()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a CSV file under the compared names of its columns."""

    line: int
    cells: Mapping[str, str]

    def get(self, *names: str) -> str:
        """The first of these columns that is filled; empty if none is."""
        return next((value for name in names if (value := self.cells.get(name, ""))), "")


@dataclass(frozen=True)
class Table:
    """A CSV file: its header as it is written, and its rows."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    delimiter: str = ","

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(map(key_of, self.header))

    def column(self, *names: str) -> list[str]:
        return [row.get(*names) for row in self.rows]


def read_table(text: str, file: str = "", *needed: str) -> Table:
    r"""The table of a CSV file. Lines before the header are skipped: with `needed`, the header is the first row with these columns.

    >>> table = read_table("Date: 2026\n\na;b\n1;2\n", "", "a", "b")
    >>> table.header, table.rows[0].line, dict(table.rows[0].cells)
    (('a', 'b'), 4, {'a': '1', 'b': '2'})
    """
    delimiter = _delimiter(text, needed)
    lines = _read_rows(text, file, delimiter)
    header: tuple[str, ...] | None = None
    keys: list[str] = []
    rows = []
    for line, cells in lines:
        if header is None:
            keys = list(map(key_of, cells))
            if set(needed) <= set(keys) and any(keys):
                header = tuple(cells)
        elif any(cells):
            rows.append(Row(line, {key: cell.strip() for key, cell in zip(keys, cells, strict=False) if key}))
    if header is None:
        raise Malformed.at(file, 1, f"no row has the columns {', '.join(needed)}")
    return Table(header, tuple(rows), delimiter)


def _delimiter(text: str, needed: tuple[str, ...]) -> str:
    """The delimiter of the header: of the first line with all needed names, or else of the first line."""
    lines = text[:50_000].split("\n")
    header = next((line for line in lines if all(name in key_of(line) for name in needed) and line.strip()), lines[0])
    if header.startswith("sep=") and len(header) == 5:  # how Excel is told
        return header[4]
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def _read_rows(text: str, file: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which each begins. Stray quotes are tolerated; a quote that is never closed is not, for it hides what follows."""
    csv.field_size_limit(FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=_is_strict(text, delimiter))
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        reason = "a quotation mark is never closed" if "unexpected end" in str(error) else str(error)
        raise Malformed.at(file, line, reason) from error


def _is_strict(text: str, delimiter: str) -> bool:
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "expected after" not in str(error)
    return False


def read_json(text: str, file: str = "") -> Any:
    """A whole JSON document."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Malformed.at(file, error.lineno, f"it is not JSON: {error.msg}") from error
    except RecursionError as error:
        raise Malformed.at(file, 1, "it is nested too deep") from error


ID = re.compile(r'"id"\s*:\s*"?([^"\s,}]+)')


def lines_of_ids(text: str) -> Mapping[str, int]:
    r"""The line of each object of a JSON document, by its `id`: the first that has it.

    >>> lines_of_ids('{"items": [\n{"id": "a"},\n{"id": 7}]}')
    {'a': 2, '7': 3}
    """
    lines: dict[str, int] = {}
    line, counted = 1, 0
    for found in ID.finditer(text):
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        lines.setdefault(found[1], line)
    return lines


def json_items(text: str, file: str = "") -> Iterator[tuple[int, Any]]:
    r"""The items of a JSON array, or of lines of JSON, each with its line.

    >>> list(json_items('[\n{"a": 1},\n{"a": 2}]'))
    [(2, {'a': 1}), (3, {'a': 2})]
    >>> list(json_items('{"a": 1}\n{"a": 2},\n'))
    [(1, {'a': 1}), (2, {'a': 2})]
    """
    decoder, gap = json.JSONDecoder(), re.compile(r"[\s,]*")
    position = len(text) - len(text.lstrip())
    is_array = text[position : position + 1] == "["
    position += is_array
    line, counted = 1, 0
    while True:
        found = gap.match(text, position)
        position = found.end() if found else position
        line, counted = line + text.count("\n", counted, position), position
        if position >= len(text):
            if is_array:
                raise Malformed.at(file, line, "the file ends within the list")
            return
        if is_array and text[position] == "]":
            return
        try:
            item, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            at, reason = (error.lineno, error.msg) if isinstance(error, json.JSONDecodeError) else (line, "too deep")
            raise Malformed.at(file, at, f"it is not JSON: {reason}") from error
        yield line, item

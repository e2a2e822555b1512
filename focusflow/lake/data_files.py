"""Small data files of the lake, decoded: to plan a query takes longer than to look at so few rows. A file is never written twice, so a process
that stays reads each once.
"""

from collections import OrderedDict
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from focusflow.lake.tables import Pinned

#: A larger file is left to queries, which read only the columns and row groups that they need.
MOST_FILE_BYTES = 256 * 1024

#: So many bytes are kept of the files that were wanted last.
KEPT_BYTES = 24 * 1024 * 1024


class DataFiles:
    """What is kept of the files of all tables."""

    def __init__(self) -> None:
        # By file and number of columns, which may grow.
        self._kept: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()
        self._bytes = 0

    def rows(self, table: Pinned, files: Iterable[str], most_rows: int | None = None) -> pa.Table | None:
        """The rows of some files of a table; None where they are left to a query, as more than `most_rows` are."""
        parts, count = [table.columns().empty_table()], 0
        for file in files:
            rows = self._rows(table, file)
            count += rows.num_rows if rows is not None else 0
            if rows is None or (most_rows is not None and count > most_rows):
                return None
            parts.append(rows)
        return pa.concat_tables(parts)

    def _rows(self, table: Pinned, file: str) -> pa.Table | None:
        key = (file, len(table.columns()))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if table.size(file) > MOST_FILE_BYTES:
            return None
        rows = _decoded(table, file)
        self._kept[key] = rows
        self._bytes += rows.nbytes
        while len(self._kept) > 1 and self._bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
        return rows


def _decoded(table: Pinned, file: str) -> pa.Table:
    """The rows of a file with the columns that its folders say, and those that came since it was written."""
    with pq.ParquetFile(table.opened(file)) as content:
        stored = content.read(use_threads=False)
    divided_by = table.partition_by
    said = dict(each.split("=", 1) for each in file.split("/")[-1 - len(divided_by) : -1]) if divided_by else {}
    columns = []
    for field in table.columns():
        if field.name in said:
            value = pa.array([said[field.name]], pa.string()).cast(field.type)[0]
            columns.append(pa.repeat(value, stored.num_rows))
        elif field.name in stored.column_names:
            columns.append(stored[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(stored.num_rows, field.type))
    return pa.table(columns, schema=table.columns())

"""All records in one JSON document, one record per line."""

from typing import Any

import orjson

from operational_api.exports.records import Records

#: The mark by which an import knows such a file, and the version of its form.
MARK, VERSION = "focusflow_export", 1


def head(records: Records) -> dict[str, Any]:
    """What a file says of itself."""
    return {MARK: VERSION, "exported_at": records.exported_at, "timezone": records.timezone}


def to_json(records: Records) -> bytes:
    written = [orjson.dumps(head(records))[:-1]]
    for noun, rows in records.rows.items():
        lines = b",\n".join(orjson.dumps(row) for row in rows)
        written.append(b'"%s": [\n%s\n]' % (noun.encode(), lines))
    return b",\n".join(written) + b"}\n"

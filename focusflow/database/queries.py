"""Loads the statements of a `.sql` file: each begins with a line `-- its_name --` and ends where the next begins."""

import re
from pathlib import Path
from typing import LiteralString, cast

NAME = re.compile(r"^-- (\w+) --\s*$", re.MULTILINE)


class Queries(dict[str, LiteralString]):
    """Statements by name. They come from our own files, so psycopg may take them as literal."""


def load_queries(path: Path) -> Queries:
    _, *parts = NAME.split(path.read_text(encoding="utf-8"))
    names, statements = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path} names a statement twice")
    return Queries(
        {name: cast(LiteralString, statement.strip()) for name, statement in zip(names, statements, strict=True)}
    )

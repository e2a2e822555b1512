"""The key by which tags, and the like, are hashed before they leave raw. Equal texts of a user have equal hashes, so models learn from tags without reading them.

The function `hashed_tags` of the database computes the same as the macro `hashed_text` of the pipelines.
"""

from weakref import WeakKeyDictionary

from focusflow.database.session import Database, Role

#: A macro of DuckDB. The user is part of what is hashed: nobody finds another user's tag by a tag of their own.
MACRO = "create or replace macro hashed_text(key, owner, value) as left(sha256(key || owner || value), 32)"


#: It is made with the database and never changes.
_KNOWN: WeakKeyDictionary[Database, str] = WeakKeyDictionary()


def tag_key(database: Database) -> str:
    if database not in _KNOWN:
        _KNOWN[database] = _read(database)
    return _KNOWN[database]


def _read(database: Database) -> str:
    with database.transaction(Role.INGESTION) as tx:
        row = tx.one("select key from tag_key")
    assert row is not None
    key: str = row["key"]
    return key

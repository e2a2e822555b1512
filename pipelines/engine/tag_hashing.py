"""Hashes what an earlier version left readable in silver: tags, and sessions and versions of the apps of users. Once per lake.

Each commit can be repeated: what is a hash already stays. The mark on silver/events comes last. Maintenance deletes the files
of before, like those of any older version.
"""

from pathlib import Path

from focusflow.contracts.registry import BY_NAME
from focusflow.database.queries import load_queries
from focusflow.database.tag_key import MACRO
from focusflow.lake.session import Scan, Session
from focusflow.lake.tables import Lake, Pinned, position_key, quoted
from pipelines.engine import changed_users, histories, priorities, silver

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


def hash_stored_texts(lake: Lake, session: Session, buckets: int, tag_key: str) -> bool:
    """Returns whether there was anything to do."""
    events = lake.open(silver.EVENTS)
    if events.position(silver.TEXTS_HASHED) or not events.version:
        return False
    session.define(MACRO)
    session.define(QUERIES["macros"])
    tasks = lake.pinned(histories.spec(BY_NAME["task"]).name)
    if tasks is not None:
        _rewrite(session, tasks, "tasks", tag_key)
    memory = lake.pinned(priorities.MEMORY.name)
    if memory is not None and memory.rows():
        memory.full_refresh(priorities.MEMORY)
        scores = lake.open(priorities.SCORES)  # scored again, and remembered with it
        scores.append(scores.columns().empty_table(), positions={position_key(bucket): 0 for bucket in range(buckets)})
    _rewrite(session, events, "events", tag_key)
    events.append(events.columns().empty_table(), positions={silver.TEXTS_HASHED: 1})
    events.truncate_log()  # its statistics quote events
    return True


def _rewrite(session: Session, table: Pinned, name: str, tag_key: str) -> None:
    """Replace the partitions with readable texts. No user's numbers change by it."""
    found = session.run(QUERIES[f"readable_{name}"], {name: Scan.of(table)}).to_pylist()
    for partition in found:
        where = " and ".join(
            f"{column} = {quoted(value) if isinstance(value, str) else value}" for column, value in partition.items()
        )
        rows = session.run(QUERIES[f"hashed_{name}"], {name: Scan.of(table, where)}, {"tag_key": tag_key})
        table.replace(rows, where=where, positions={}, metadata=changed_users.note({}))

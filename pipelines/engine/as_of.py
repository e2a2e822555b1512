"""As of which moment a table was computed last. The commits say it, for that what time alone changes is computed when it is due."""

from datetime import UTC, datetime

from focusflow.lake.tables import Pinned

NEVER = datetime(1, 1, 2, tzinfo=UTC)


def as_of_metadata(as_of: datetime) -> dict[str, str]:
    """What a commit says of itself."""
    return {"as_of": as_of.isoformat()}


def last(table: Pinned) -> datetime:
    newest = newest_metadata(table, "as_of")
    return datetime.fromisoformat(newest) if newest else NEVER


def newest_metadata(table: Pinned, name: str) -> str | None:
    """What the newest commit that speaks of something says of it."""
    newest = (
        entry[name]
        for since in (max(0, table.version - 20), 0)
        for entry in reversed(table.commit_metadata_since(since))
        if entry.get(name)
    )
    return next(newest, None)

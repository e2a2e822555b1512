"""The moment as of which a table was computed, read from its commit metadata. Some rows change by time alone, so a refresh compares it."""

from datetime import UTC, datetime

from focusflow.lake.tables import Pinned

NEVER = datetime(1, 1, 2, tzinfo=UTC)


def as_of_metadata(as_of: datetime) -> dict[str, str]:
    """Commit metadata with the moment."""
    return {"as_of": as_of.isoformat()}


def last(table: Pinned) -> datetime:
    newest = newest_metadata(table, "as_of")
    return datetime.fromisoformat(newest) if newest else NEVER


def newest_metadata(table: Pinned, name: str) -> str | None:
    """The value of the newest commit that has an entry of this name."""
    return table.remembered(f"metadata {name}", lambda: _newest_metadata(table, name))


def _newest_metadata(table: Pinned, name: str) -> str | None:
    newest = (
        entry[name]
        for since in (max(0, table.version - 20), 0)
        for entry in reversed(table.commit_metadata_since(since))
        if entry.get(name)
    )
    return next(newest, None)

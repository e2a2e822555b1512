"""As of which moment a table was computed last. The commits say it, for that what time alone changes is computed when it is due."""

from datetime import UTC, datetime

from focusflow.lake import Pinned

NEVER = datetime(1, 1, 2, tzinfo=UTC)


def note(as_of: datetime) -> dict[str, str]:
    """What a commit says of itself."""
    return {"as_of": as_of.isoformat()}


def last(table: Pinned) -> datetime:
    said = (entry.get("as_of") for entry in reversed(table.notes_since(0)))
    return next((datetime.fromisoformat(each) for each in said if each), NEVER)

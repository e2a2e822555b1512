"""The cards of trained models, as they lie beside them. What cannot be read is left out: a page about models must not fail by one."""

from pathlib import Path
from typing import Any

import orjson

from dashboard import current_user
from dashboard.app_state import shared

Card = dict[str, Any]
DAMAGED = (OSError, ValueError, KeyError, TypeError, IndexError)


def cards() -> list[Card]:
    """All that can be read, the newest first. For analysts and admins."""
    current_user.require_analyst()
    found = [card for path in shared().models.glob("*/card.json") if "version" in (card := _read(path))]
    return sorted(found, key=lambda card: str(card.get("trained_at")), reverse=True)


def serving() -> str | None:
    """The version that serves; None when it is the baseline."""
    current = _read(shared().models / "current.json")
    try:
        return str([each for each in current["served"] if not each.get("until")][-1]["version"])
    except DAMAGED:
        return None


def _read(path: Path) -> Card:
    try:
        return dict(orjson.loads(path.read_bytes()))
    except DAMAGED:
        return {}

"""Where the next page begins: what it is a page of, and the last row's place in it. Opaque to clients, checked when it comes back."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints

from focusflow.errors import Invalid

Cursor = Annotated[str, StringConstraints(max_length=500)]


class BadCursor(Invalid):
    """The cursor is not one that a page gave. Begin again without it."""


def cursor(sort: str, key: str, last_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{sort} {last_id} {key}".encode()).decode()


def read_cursor(cursor_text: str | None, sort: str) -> tuple[str | None, UUID | None]:
    """The key and the id after which the page begins.

    >>> read_cursor(cursor("due", "a key", UUID(int=1)), "due")
    ('a key', UUID('00000000-0000-0000-0000-000000000001'))
    """
    if cursor_text is None:
        return None, None
    try:
        cursor_sort, last_id, key = base64.urlsafe_b64decode(cursor_text.encode()).decode().split(" ", 2)
        if cursor_sort != sort:
            raise BadCursor
        return key, UUID(last_id)
    except (ValueError, binascii.Error) as error:
        raise BadCursor from error


def after_moment(cursor_text: str | None, sort: str) -> dict[str, Any]:
    """The same for pages that go by a moment, the newest first: values for a query."""
    key, last_id = read_cursor(cursor_text, sort)
    try:
        return {"after_at": None if key is None else datetime.fromisoformat(key), "after_id": last_id}
    except ValueError as error:
        raise BadCursor from error


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, and where the next one begins."""

    rows: Sequence[Mapping[str, Any]]
    next_cursor: str | None


def page_of(rows: Sequence[Mapping[str, Any]], limit: int, sort: str, moment: str) -> Page:
    """A page, from one row more than its limit if there are more."""
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], cursor(sort, last[moment].isoformat(), last["id"]))

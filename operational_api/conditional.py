"""Answers that a client may have already: a weak ETag from the content, and 304 when it comes back."""

import hashlib
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=200, description="The ETag of an earlier answer; 304 if it still holds."),
]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What you have still holds."}}


def unless_known(if_none_match: str | None, content: bytes) -> Response:
    """The content, or 304 without it."""
    etag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = [each.strip() for each in (if_none_match or "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, "application/json")

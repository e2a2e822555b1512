"""What a client has already, by the ETags that it sends back (RFC 9110, 8.8.3 and 13.1). What it has of a content is answered with 304."""

import hashlib
import re
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1000,
        description="The ETags of earlier answers, or `*`; 304 if one of them still holds.",
    ),
]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What you have still holds."}}


#: One of a list. A comma may stand within it.
TAG = re.compile(r'(?:^|,)\s*(W/)?("[^"]*")\s*(?=,|$)')


def strong(tags: str) -> set[str]:
    """The ETags of a list that stand for one content to the byte: what may be changed by.

    >>> sorted(strong('"1", W/"2", "3"'))
    ['"1"', '"3"']
    """
    return {tag for weak, tag in TAG.findall(tags) if not weak}


def weak(tags: str) -> set[str]:
    """All ETags of a list, by what they say: what may be left unsent by."""
    return {tag for _, tag in TAG.findall(tags)}


def unless_known(if_none_match: str | None, content: bytes) -> Response:
    """The content, or 304 without it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"ETag": f"W/{etag}", "Cache-Control": "private, no-cache"}
    said = (if_none_match or "").strip()
    if said == "*" or etag in weak(said):
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, "application/json")

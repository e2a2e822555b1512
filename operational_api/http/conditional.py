"""Conditional requests (RFC 9110, 8.8.3 and 13.1): ETags that a client sends back, and 304 for content that it has already."""

import hashlib
import re
from typing import Annotated, Any

from fastapi import Header

from operational_api.http.rendered import Rendered

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1000,
        description="The ETags of earlier answers, or `*`. The answer is 304 if one of them still matches.",
    ),
]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The content has not changed."}}


#: One of a list. It may contain a comma.
TAG = re.compile(r'(?:^|,)\s*(W/)?("[^"]*")\s*(?=,|$)')


def strong_etags(header: str) -> set[str]:
    """The ETags of a list that compare strongly: those that a change may depend on.

    >>> sorted(strong_etags('"1", W/"2", "3"'))
    ['"1"', '"3"']
    """
    return {tag for is_weak, tag in TAG.findall(header) if not is_weak}


def weak_etags(header: str) -> set[str]:
    """All ETags of a list, without their strength: for the weak comparison that decides about 304."""
    return {tag for _, tag in TAG.findall(header)}


def if_modified(if_none_match: str | None, content: bytes) -> Rendered[Any]:
    """The content with its ETag, or 304 if the client has it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"ETag": f"W/{etag}", "Cache-Control": "private, no-cache"}
    known = (if_none_match or "").strip()
    if known == "*" or etag in weak_etags(known):
        return Rendered(b"", 304, headers)
    return Rendered(content, headers=headers)

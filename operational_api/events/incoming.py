"""Parses a request body of events into accepted and rejected ones by index. No routes, no database."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from focusflow.errors import Invalid
from operational_api.events.schemas import AT_MOST, Tracked
from operational_api.http.errors import TooLarge, sentence

#: Size limit of an uncompressed request body. Decompression stops there.
BODY_BYTES = 1024 * 1024
PROPERTIES_BYTES = 32 * 1024

#: Phone clocks are off by minutes; a day covers clocks in a wrong time zone.
AHEAD = timedelta(days=1)

READ = TypeAdapter(list[Tracked])


class BadBody(Invalid):
    """The request body is invalid."""


@dataclass(slots=True)
class Read:
    """Accepted events by index, and the errors of the rejected ones."""

    events: list[tuple[int, Tracked]]
    errors: list[dict[str, Any]]

    def refuse(self, index: int, field: str | None, message: str) -> None:
        self.errors.append({"index": index, "field": field, "message": message})


async def unpacked(request: Request) -> bytes:
    """The decompressed request body."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise BadBody(f"The Content-Encoding {encoding[:40]!r} is not supported. Use gzip or none.")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        whole = unpacking.decompress(body, BODY_BYTES + 1)
    except zlib.error as error:
        raise BadBody("The Content-Encoding is gzip, but the body is not.") from error
    if len(whole) > BODY_BYTES:
        raise TooLarge
    if not unpacking.eof:
        raise BadBody("The gzip body is truncated.")
    return whole


def parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadBody(f"The body is not JSON: {error.msg} at character {error.pos}.") from error


def bounded(items: Any, what: str) -> list[Any]:
    if not isinstance(items, list) or not items:
        raise BadBody(f"{what} should be a non-empty list.")
    if len(items) > AT_MOST:
        raise BadBody(f"{what} has {len(items)} events; the limit is {AT_MOST} per request.")
    return items


def read(items: list[Any], now: datetime) -> Read:
    """Validate all events at once, the common case. Only if one is invalid, validate them one by one."""
    try:
        found = Read(list(enumerate(READ.validate_python(items))), [])
    except ValidationError as error:
        found = Read([], [])
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            index, *rest = each["loc"]
            found.refuse(int(index), ".".join(map(str, rest)) or None, sentence(each["msg"]))
        bad = {each["index"] for each in found.errors}
        good = [(index, item) for index, item in enumerate(items) if index not in bad]
        events = READ.validate_python([item for _, item in good])
        found.events = [(index, event) for (index, _), event in zip(good, events, strict=True)]
    found.events = list(_storable(found, now))
    return found


def _storable(found: Read, now: datetime) -> Iterable[tuple[int, Tracked]]:
    for index, event in found.events:
        if event.time is not None and event.time > now + AHEAD:
            found.refuse(index, "time", "is in the future")
            continue
        if event.properties and (wrong := _wrong_properties(event.properties)):
            found.refuse(index, "properties", wrong)
            continue
        yield index, event


def _wrong_properties(properties: dict[str, Any]) -> str | None:
    try:
        written = orjson.dumps(properties)
    except orjson.JSONEncodeError:
        return "are nested too deeply"
    if len(written) > PROPERTIES_BYTES:
        return f"take {len(written)} bytes; an event holds {PROPERTIES_BYTES}"
    if b"\\u0000" in written:
        return "contain the character U+0000, which cannot be stored"
    return None

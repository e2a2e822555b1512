"""Answers that are rendered already: JSON by Postgres, a page or a PDF by a template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Schema = TypeVar("Schema")


@dataclass(frozen=True, slots=True)
class Rendered(Generic[Schema]):
    """The bytes of an answer. `Schema` is what they follow, and what the API description shows."""

    content: bytes
    status: int | None = None  # the status of the route, if None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    replay: bytes | None = None  # what a repeated request gets, if it is not the content


def version_etag(version: int | None) -> dict[str, str]:
    return {} if version is None else {"ETag": f'"{version}"'}

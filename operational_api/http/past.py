"""Moments of the past that a request may ask about."""

from datetime import datetime

from focusflow.errors import Invalid


class NotPast(Invalid):
    """`as_of` lies ahead. It names a moment of the past."""


def check_past(as_of: datetime, now: datetime) -> None:
    """Raises `NotPast`."""
    if as_of > now:
        raise NotPast

"""Outgoing webhooks: of which events users can be told, what a message says, and its signature by the Standard Webhooks specification."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson

from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import BY_TYPE, NOUNS

#: Nouns whose events are sent. Accounts and what apps track are not: the receiver has nothing to do with the one and is the source of the other.
SENT_NOUNS: Final = (
    "task", "goal", "milestone", "habit", "habit_log", "time_entry", "calendar_event", "day_off",
)  # fmt: skip

SCORES_CHANGED: Final = "scores.changed"
REPORT_READY: Final = "report.ready"
TEST: Final = "webhook.test"

#: Events of the log that are sent under a name of their own: a report that was sent, by email or to the app, can be fetched.
RENAMED: Final = {"report.sent": REPORT_READY}

#: What users can choose from, in the order in which it is shown.
EVENT_TYPES: Final = (
    *(type_ for noun in NOUNS if noun.name in SENT_NOUNS for type_ in noun.types),
    SCORES_CHANGED,
    REPORT_READY,
)

#: Imported history is not sent: it would be thousands of events of years ago.
NOT_SENT_ACTOR: Final = "import"

SECRET_PREFIX, SECRET_BYTES = "whsec_", 32
OLD_SECRET_VALID: Final = timedelta(hours=24)
PURPOSE: Final = "webhook"


def sent_type(event_type: str) -> str | None:
    """Under which name an event of the log is sent; None if it is not.

    >>> sent_type("task.completed"), sent_type("report.sent"), sent_type("user.updated")
    ('task.completed', 'report.ready', None)
    """
    name = RENAMED.get(event_type, event_type)
    return name if name in EVENT_TYPES else None


def message_data(event: Mapping[str, Any], *, has_text: bool) -> dict[str, Any]:
    """What is sent of an event. Personal text, such as titles and notes, only to endpoints that ask for it."""
    noun = BY_TYPE[event["type"]]
    entity = event["data"] if has_text else {name: event["data"].get(name) for name in _public(noun.name)}
    return {
        "id": event["subject"],
        "version": event["entityversion"],
        "actor": event["actor"],
        "local_date": event["localdate"],
        noun.name: entity,
    }


@cache
def _public(noun: str) -> tuple[str, ...]:
    return tuple(public_columns(next(each.data for each in NOUNS if each.name == noun)))


def body(type_: str, happened_at: datetime, data: Mapping[str, Any]) -> bytes:
    """A message as it is sent."""
    return orjson.dumps({"type": type_, "timestamp": happened_at, "data": data}, option=orjson.OPT_UTC_Z)


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def written(secret: bytes) -> str:
    """A secret as its user copies it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def headers(message_id: UUID, now: datetime, content: bytes, secrets_: Iterable[bytes]) -> dict[str, str]:
    """The headers of a message, signed with each secret that is valid."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((str(message_id).encode(), timestamp.encode(), content))
    signatures = (base64.b64encode(hmac.digest(each, signed, hashlib.sha256)).decode() for each in secrets_)
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }

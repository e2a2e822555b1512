"""Signed unsubscribe links: for one user and one kind of email, without an address, and without an expiry."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from uuid import UUID

from focusflow.errors import NotFound
from focusflow.key_ring import KeyRing
from focusflow.notification_kinds import KINDS
from focusflow.settings import Settings

#: What can be unsubscribed from, by name.
SUBSCRIPTIONS = {name: each for kind in KINDS.values() for name, each in kind.subscriptions.items()}
NAMES = {each.code: name for name, each in SUBSCRIPTIONS.items()}
REPORTS = tuple(KINDS["report"].subscriptions)
SIGNATURE_BYTES = 16


class LinkUnknown(NotFound):
    """This link is not one of ours. Perhaps a part of it is missing: open it as it stands in the mail."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A user and a kind of email."""

    user_id: UUID
    kind: str


def token_for(key: str, subscription: Subscription) -> str:
    payload = subscription.user_id.bytes + bytes([SUBSCRIPTIONS[subscription.kind].code])
    return base64.urlsafe_b64encode(payload + _signature(key, payload)).decode().rstrip("=")


def read_token(keys: KeyRing, token: str) -> Subscription:
    """
    >>> ada = Subscription(UUID(int=7), "weekly")
    >>> read_token(KeyRing("key"), token_for("key", ada)) == ada
    True
    """
    try:
        whole = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        payload, signature = whole[:17], whole[17:]
        if not any(hmac.compare_digest(signature, _signature(key, payload)) for key in keys):
            raise LinkUnknown
        return Subscription(UUID(bytes=payload[:16]), NAMES[payload[16]])
    except (UnicodeEncodeError, binascii.Error, ValueError, IndexError, KeyError) as error:
        raise LinkUnknown from error


def link(settings: Settings, subscription: Subscription) -> str:
    return f"{settings.public_api_address}/api/v1/reports/unsubscribe/{token_for(settings.signing_key, subscription)}"


def one_click(link: str) -> dict[str, str]:
    """The headers for one-click unsubscribing (RFC 8058)."""
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _signature(key: str, payload: bytes) -> bytes:
    return hmac.digest(key.encode(), b"unsubscribe " + payload, "sha256")[:SIGNATURE_BYTES]

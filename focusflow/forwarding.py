"""The address of a browser, told by the dashboard to the API and signed, so that nobody else can choose the address that attempts count for."""

import hashlib
import hmac
from collections.abc import Iterable

HEADER = "X-FocusFlow-Client"


def signed(key: str, address: str) -> str:
    """The value of the header for an address."""
    return f"{address} {_signature(key, address)}"


def address_in(keys: Iterable[str], header: str | None) -> str | None:
    """The address in a header, if whoever sent it has a key of this installation.

    >>> address_in(["key"], signed("key", "192.0.2.1")), address_in(["key"], signed("other", "192.0.2.1")), address_in(["key"], "192.0.2.1")
    ('192.0.2.1', None, None)
    """
    address, _, signature = (header or "").partition(" ")
    given = signature.encode("utf-8", "replace")
    is_genuine = any(hmac.compare_digest(given, _signature(key, address).encode()) for key in keys)
    return address if address and is_genuine else None


def _signature(key: str, address: str) -> str:
    return hmac.new(key.encode(), b"client " + address.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

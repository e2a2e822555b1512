"""The address of a browser, told by the dashboard to the API and signed, so that nobody else can choose the address that attempts count for."""

import hashlib
import hmac

HEADER = "X-FocusFlow-Client"


def signed(key: str, address: str) -> str:
    """The value of the header for an address."""
    return f"{address} {_signature(key, address)}"


def address_in(key: str, header: str | None) -> str | None:
    """The address in a header, if whoever sent it has the key of this installation.

    >>> address_in("key", signed("key", "192.0.2.1")), address_in("key", signed("other", "192.0.2.1")), address_in("key", "192.0.2.1")
    ('192.0.2.1', None, None)
    """
    address, _, signature = (header or "").partition(" ")
    genuine = hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(key, address).encode())
    return address if address and genuine else None


def _signature(key: str, address: str) -> str:
    return hmac.new(key.encode(), b"client " + address.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

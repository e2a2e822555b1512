"""Whether a server of ours is ready, asked over HTTP."""

from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0


def answers(url: str) -> bool:
    """Whether the address answers 200."""
    return _status(url) == 200


def responds(url: str) -> bool:
    """Whether the address answers at all. A server that says that something is away is well itself."""
    return _status(url) is not None


def _status(url: str) -> int | None:
    """Asked without proxies: it is on this machine."""
    address = urlsplit(url)
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()

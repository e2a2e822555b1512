"""HTTP to addresses that users chose: calendars, webhooks, chat servers.

A user's address must not lead into the network of the server: not to its database, not to the metadata service of a cloud. What counts
is the address to which the connection is opened, not the name in the URL. So each connection resolves the name once, looks at every
address, and connects to one of those. Redirects open connections too and are looked at in the same way.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpcore2
import httpx2

from focusflow.errors import Problem

TIMEOUT_SECONDS = 10
TOTAL_SECONDS = 30
MAX_BYTES = 16 << 20
MAX_REDIRECTS = 5

#: Carrier-grade NAT, protocol assignments, benchmarks, and IPv6 addresses that hold another one of IPv4.
_NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        *("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10"),
    )
]

#: When the request of this thread has to be over. A server that sends a byte now and then never exceeds a timeout between two bytes.
_until: ContextVar[float] = ContextVar("until")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class OutboundRefused(Problem):
    """This address leads into a private network."""

    status = 422


class OutboundFailed(Problem):
    """The other server does not answer as expected."""

    status = 502


class ResponseTooLarge(OutboundFailed):
    """The other server's answer is larger than this installation takes."""


class ResponseTooSlow(OutboundFailed):
    """The other server's answer takes too long."""


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Which addresses may be reached. An operator opens further networks by setting, for a calendar server in the same house."""

    allowed_networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> Self:
        return cls(tuple(ipaddress.ip_network(network, strict=False) for network in networks))

    def permits(self, address: Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if any(address in network for network in self.allowed_networks if network.version == address.version):
            return True
        return (
            address.is_global
            and not address.is_multicast
            and not any(address in network for network in _NOT_PUBLIC if network.version == address.version)
        )

    def check_literal(self, url: str) -> None:
        """Refuse a URL whose host is written as an address that may not be reached. A name is resolved by each connection."""
        try:
            address = ipaddress.ip_address(urlsplit(url).hostname or "")
        except ValueError:
            return
        if not self.permits(address):
            raise _refused(str(address), str(address))

    def resolve(self, host: str, port: int) -> list[str]:
        """All addresses of a host. One that may not be reached refuses the host: its server may be asked for another the next time."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed(f"The host {host} is not known.") from error
        addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        for address in addresses:
            if not self.permits(ipaddress.ip_address(address)):
                raise _refused(host, address)
        return addresses


def _refused(host: str, address: str) -> OutboundRefused:
    return OutboundRefused(
        f"The host {host} leads to the private address {address}. "
        "An operator can permit its network with FOCUSFLOW_OUTBOUND_NETWORKS."
    )


def check_url(url: str, *, schemes: Iterable[str] = ("https", "http")) -> None:
    """Refuse what no connection needs to be opened for; the address itself is checked by each connection."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundRefused("This is not an address of the web.") from error
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise OutboundRefused(
            f"The address must begin with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host."
        )


class _CheckedBackend(httpcore2.SyncBackend):
    """Connects to the addresses that were checked; TLS still expects the certificate of the name."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy

    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        failure: Exception | None = None
        for address in self._policy.resolve(host, port):
            try:
                return _BoundedStream(super().connect_tcp(address, port, *args, **options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or OutboundFailed(f"The host {host} has no address.")


class _BoundedStream(httpcore2.NetworkStream):
    """A connection that ends with its request's time."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _left(timeout: float | None) -> float:
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left if timeout is None else min(timeout, left)


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    status: int
    headers: httpx2.Headers
    body: bytes
    #: Where redirects led.
    url: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class OutboundClient:
    """An HTTP client whose answers are bounded in address, size and time."""

    def __init__(self, policy: OutboundPolicy, *, user_agent: str = "FocusFlow") -> None:
        transport = httpx2.HTTPTransport(trust_env=False)
        # httpx has no parameter for the backend of its pool.
        transport._pool._network_backend = _CheckedBackend(policy)  # noqa: SLF001
        self._client = httpx2.Client(
            transport=transport,
            trust_env=False,
            timeout=TIMEOUT_SECONDS,
            max_redirects=MAX_REDIRECTS,
            headers={"User-Agent": user_agent},
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        follow_redirects: bool = True,
        max_bytes: int = MAX_BYTES,
        total_seconds: float = TOTAL_SECONDS,
        **options: Any,
    ) -> OutboundResponse:
        check_url(url)
        until = _until.set(time.monotonic() + total_seconds)
        try:
            return self._request(method, url, max_bytes, follow_redirects=follow_redirects, **options)
        finally:
            _until.reset(until)

    def _request(self, method: str, url: str, max_bytes: int, **options: Any) -> OutboundResponse:
        with _as_problem(url), self._client.stream(method, url, **options) as response:
            body = b"".join(_bounded(response.iter_bytes(), max_bytes))
            return OutboundResponse(response.status_code, response.headers, body, str(response.url))

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bounded(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise ResponseTooLarge(f"The answer is larger than {max_bytes >> 20} MiB.")
        yield chunk


@contextmanager
def _as_problem(url: str) -> Iterator[None]:
    host = urlsplit(url).hostname
    try:
        yield
    except httpx2.TimeoutException as error:
        raise ResponseTooSlow(f"{host} did not answer in time.") from error
    except httpx2.TooManyRedirects as error:
        raise OutboundFailed(f"{host} redirects more than {MAX_REDIRECTS} times.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise OutboundFailed(f"{host} cannot be reached: {error}.") from error

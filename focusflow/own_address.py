"""Where a server's pages are served, to tell their own requests from those of other sites' pages."""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
ALL_INTERFACES: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (to leave them out)


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """The host names of a server, and the origin of its public URL."""

    hostnames: frozenset[str]
    public_origin: str | None

    @classmethod
    def of(cls, public_url: str | None, listening_host: str) -> Self:
        public = urlsplit(public_url or "")
        named = {public.hostname, listening_host} - {None} - ALL_INTERFACES
        origin = f"{public.scheme}://{public.netloc}".lower() if public.netloc else None
        return cls(LOCAL_HOSTS | {f"{each}".lower() for each in named}, origin)

    def has_host(self, header: str) -> bool:
        """A foreign name that resolves to this machine would let a page of another site read the answers."""
        return hostname_in(header) in self.hostnames

    def has_origin(self, origin: str | None, host_header: str) -> bool:
        """Whether a request comes from an own page, or from no page: browsers name the origin of one that changes something, or is a WebSocket's."""
        own = {f"{scheme}://{host_header}".lower() for scheme in ("http", "https")}
        return origin is None or origin.lower() in own | {self.public_origin}


def hostname_in(header: str) -> str | None:
    """The host name of a `Host` header.

    >>> hostname_in("Example.com:8501"), hostname_in("[::1]"), hostname_in("["), hostname_in("")
    ('example.com', '::1', None, None)
    """
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None

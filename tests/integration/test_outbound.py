"""What an address that a user chose can reach, tried with servers on loopback, which stands for every private network."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from focusflow.outbound import (
    OutboundClient,
    OutboundFailed,
    OutboundPolicy,
    OutboundRefused,
    ResponseTooLarge,
    ResponseTooSlow,
)

LOOPBACK = OutboundPolicy.of(["127.0.0.1"])

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        elif self.path == "/bomb":
            self._answer(gzip.compress(bytes(4 << 20)), ("Content-Encoding", "gzip"))
        elif self.path == "/dribble":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.closing.wait(0.05):  # type: ignore[attr-defined]
                self.wfile.write(b"X: y\r\n")
        else:
            self._answer(f"{self.path} {self.headers['Host']} {self.headers['Authorization']}".encode())

    def _answer(self, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.closing = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.closing.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_reached(address: str) -> None:
    assert not OutboundPolicy().permits(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_are_reached(address: str) -> None:
    assert OutboundPolicy().permits(ip_address(address))


def test_an_operator_permits_an_address_of_its_network() -> None:
    policy = OutboundPolicy.of(["192.168.1.0/24", "::1"])
    assert all(policy.permits(ip_address(address)) for address in ["192.168.1.7", "::ffff:192.168.1.7", "::1"])
    assert not policy.permits(ip_address("192.168.2.7"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0"])
def test_no_spelling_of_a_private_address_is_reached(origin: str, host: str) -> None:
    port = origin.rpartition(":")[2]
    with OutboundClient(OutboundPolicy()) as client, pytest.raises((OutboundRefused, OutboundFailed)):
        client.request("GET", f"http://{host}:{port}/")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/", "http://", "http://[::1", "gopher://x/", "//x", ""]
)
def test_other_schemes_are_refused(url: str) -> None:
    with OutboundClient(LOOPBACK) as client, pytest.raises(OutboundRefused):
        client.request("GET", url)


def test_a_redirect_into_a_private_network_is_refused(origin: str) -> None:
    other = ThreadingHTTPServer(("127.0.0.2", 0), Handler)
    try:
        with OutboundClient(LOOPBACK) as client, pytest.raises(OutboundRefused, match=r"127\.0\.0\.2"):
            client.request("GET", f"{origin}/to/http://127.0.0.2:{other.server_port}/secret")
    finally:
        other.server_close()


def test_the_checked_address_is_the_one_connected_to(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server may name a public address to the check and a private one to the connection."""
    answers = iter(["127.0.0.1", "127.0.0.2"])
    resolve: Callable[..., object] = socket.getaddrinfo

    def changing(host: str, *args: object, **options: object) -> object:
        return resolve(next(answers) if host == "rebinding.example" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    port = origin.rpartition(":")[2]
    with OutboundClient(LOOPBACK) as client:
        assert client.request("GET", f"http://rebinding.example:{port}/").body.startswith(b"/ rebinding.example")
    assert next(answers) == "127.0.0.2"


def test_a_redirect_to_the_same_place_ends(origin: str) -> None:
    with OutboundClient(LOOPBACK) as client, pytest.raises(OutboundFailed, match="redirects"):
        client.request("GET", f"{origin}/to/" * 20)


def test_compressed_answers_count_with_their_real_size(origin: str) -> None:
    with OutboundClient(LOOPBACK) as client, pytest.raises(ResponseTooLarge):
        client.request("GET", f"{origin}/bomb", max_bytes=1 << 20)


def test_a_server_that_sends_a_little_now_and_then_is_left(origin: str) -> None:
    with OutboundClient(LOOPBACK) as client, pytest.raises(ResponseTooSlow):
        client.request("GET", f"{origin}/dribble", total_seconds=0.5)


def test_proxies_of_the_environment_are_not_used(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.9:9")
    with OutboundClient(LOOPBACK) as client:
        assert client.request("GET", f"{origin}/x").is_success

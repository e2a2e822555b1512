"""A Radicale server in a process of its own, and its calendars as another program sees them."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx2

USER, PASSWORD = "ada", "analytical engine"

CONFIG = """[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/collections
[logging]
level = error
"""

MAKE = (
    '<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
    "<d:displayname>{name}</d:displayname></d:prop></d:set></c:mkcalendar>"
)


@dataclass
class Radicale:
    """The server. Its storage outlives its process."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        config = self.folder / "config"
        config.write_text(CONFIG.format(port=self.port, folder=self.folder), "utf-8")
        (self.folder / "users").write_text(f"{USER}:{PASSWORD}\n", "utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(config)], stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process.poll() is None, "Radicale does not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("Radicale does not answer")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def calendar(self, name: str) -> "Collection":
        """A new calendar of the user."""
        found = Collection(httpx2.Client(auth=(USER, PASSWORD), trust_env=False), f"{self.address}{USER}/{name}/")
        answer = found.http.request("MKCALENDAR", found.url, content=MAKE.format(name=name))
        assert answer.status_code == 201, answer.text
        return found


@dataclass(frozen=True)
class Collection:
    """A calendar on the server, as another program edits it."""

    http: httpx2.Client
    url: str

    def put(self, name: str, *lines: str) -> None:
        text = "\r\n".join(
            ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//another program//", *lines, "END:VCALENDAR", ""]
        )
        answer = self.http.put(f"{self.url}{name}", content=text, headers={"Content-Type": "text/calendar"})
        assert answer.is_success, answer.text

    def delete(self, name: str) -> None:
        assert self.http.delete(f"{self.url}{name}").status_code in {200, 204, 404}

    def contents(self) -> dict[str, str]:
        """The resources by their names."""
        body = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
        answer = self.http.request("PROPFIND", self.url, content=body, headers={"Depth": "1"})
        names = [each.text or "" for each in ET.fromstring(answer.text).iter("{DAV:}href")]
        files = [name.rpartition("/")[2] for name in names if not name.endswith("/")]
        return {name: self.http.get(f"{self.url}{name}").text for name in files}


@contextmanager
def radicale(folder: Path) -> Iterator[Radicale]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = Radicale(folder, port)
    server.start()
    try:
        yield server
    finally:
        server.kill()

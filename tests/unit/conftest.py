"""What makes a test a unit test: it opens no connection, starts no process and trains no model. Who needs one of them is in tests/integration."""

import sys
from collections.abc import Iterator

import pytest

REFUSED = {
    "socket.bind": "opens a port",
    "socket.connect": "opens a connection",
    "subprocess.Popen": "starts a process",
    "os.exec": "starts a process",
    "os.fork": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.system": "starts a process",
}
_running: list[str] = []


class NotAUnitTest(BaseException):
    """Not an Exception, so that the code under test cannot take it for a service that is away."""


def _refuse(event: str, _: object) -> None:
    if _running and event in REFUSED:
        raise NotAUnitTest(f"{_running[-1]} {REFUSED[event]}. Move it to tests/integration.")


sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def nothing_outside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def train(**_: object) -> None:
        raise NotAUnitTest(f"{request.node.nodeid} trains a model. Move it to tests/integration.")

    if "models.training.fit" in sys.modules:
        monkeypatch.setattr("models.training.fit._regression", train)
    _running.append(request.node.nodeid)
    yield
    _running.remove(request.node.nodeid)

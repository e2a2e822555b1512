"""The whole of FocusFlow as real processes, in a home and on ports of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from tests.wheel import build_wheel, install_wheel

READY_SECONDS = 180
STOP_SECONDS = 60
PATIENCE = 20_000  # milliseconds in which a page shows what it should, also where others have the machine
Seen = TypeVar("Seen")
SERVERS = ("api", "dagster", "dashboard")


def until(look: Callable[[], Seen], seconds: float, what: str) -> Seen:
    """What was looked for, once it is there."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.2)
    return seen


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Stack:
    """A home, and the `focusflow up` that runs on it now and then."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.output = folder / "up.log"
        self.ports = dict(zip(SERVERS, free_ports(len(SERVERS)), strict=True))
        ours = {f"FOCUSFLOW_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FOCUSFLOW_")}
        trusted = {
            "FOCUSFLOW_TRUSTED_PROXIES": "127.0.0.1"
        }  # many users come from this machine, each from a network of their own
        small = {"FOCUSFLOW_MIN_GROUP_SIZE": "1"}  # the demo has five users, of which not all are in each cohort
        self.environment = {**clean, **ours, **trusted, **small, "FOCUSFLOW_HOME": str(self.home)}
        self.python = sys.executable
        self.up: subprocess.Popen[bytes] | None = None
        self.first_checkup: subprocess.CompletedProcess[str] | None = None
        self.ready_after = 0.0

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def start(self, *arguments: str) -> float:
        """Until it says that it is ready; the seconds that took."""
        begun = time.monotonic()
        with self.output.open("wb") as output:
            self.up = subprocess.Popen(
                [self.python, "-m", "focusflow", "up", *arguments],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until(lambda: "Ready after" in self.log_text() or self._ended(), READY_SECONDS, "ready")
        assert not self._ended(), self.log_text()
        return time.monotonic() - begun

    def _ended(self) -> bool:
        return self.up is not None and self.up.poll() is not None

    def log_text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def signal(self, number: int) -> int:
        """Send a signal to `focusflow up`, and its exit code."""
        assert self.up is not None
        self.up.send_signal(number)
        return self.up.wait(STOP_SECONDS)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-m", "focusflow", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def children(self) -> dict[str, psutil.Process]:
        """The parts by name, as the lock file of `focusflow up` tells them."""
        told: dict[str, Any] = json.loads((self.home / "up.lock").read_text())["children"]
        return {name: psutil.Process(child["pid"]) for name, child in told.items() if psutil.pid_exists(child["pid"])}

    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.home / "postgres/data/postmaster.pid").read_text().splitlines()[0]))

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this home: what names it, in its arguments or in its environment."""
        return [each for each in psutil.process_iter() if self._is_ours(each)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                return False
            told = [*process.cmdline(), process.environ().get("FOCUSFLOW_HOME", "")]
        except psutil.Error:
            return False
        return any(str(self.home) in each for each in told)

    def memory(self) -> int:
        """MiB, with what the processes share counted once for each."""
        return sum(each.memory_info().rss for each in self.processes()) >> 20

    def kill_everything(self) -> None:
        for process in self.processes():
            process.kill()
        if self.up is not None:
            self.up.wait(STOP_SECONDS)
        until(lambda: not self.processes(), 10, "all killed")


#: One platform serves all others: it comes up, is looked at, and is killed in the end.
ORDER = ("test_mails.py", "test_first_hour.py", "dashboard", "test_killed_and_back.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    places = [place for place, item in enumerate(items) if here in item.path.parents]
    ours = sorted(
        (items[place] for place in places), key=lambda item: ORDER.index(item.path.relative_to(here).parts[0])
    )
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """FocusFlow with a year of demo data, started once for all tests of this package, from the wheel alone as `uvx focusflow up` and pipx do."""
    with a_stack() as stack:
        stack.python = str(install_wheel(build_wheel(tmp_path_factory.mktemp("dist")), stack.folder / "venv"))
        stack.first_checkup = stack.run("doctor")
        stack.ready_after = stack.start("--demo")
        yield stack


@contextmanager
def a_stack() -> Iterator[Stack]:
    """A home, gone afterwards with everything that ran for it."""
    # Not in pytest's own folder: that is closed to others again by each pytest that starts, and as root, PostgreSQL runs as another account.
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder))
        try:
            yield stack
        finally:
            if stack.up is not None and stack.up.poll() is None:
                stack.up.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    stack.up.wait(STOP_SECONDS)
            stack.kill_everything()


def chromium() -> str | None:
    """Where the browser is, if there is one."""
    named = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return named if os.access(named, os.X_OK) else None


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A real Chromium without a window."""
    path = chromium()
    if path is None:
        sentence = "There is no Chromium. Install it (`apt-get install chromium`), or name one in CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()

"""Starts and stops the broker. It ends with the process that started it, even when that one is killed."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from string import Template
from uuid import uuid4

from focusflow.errors import SetupProblem
from ingestion.kafka.local_broker.jars import cache, class_path

PROPERTIES = Path(__file__).with_name("server.properties")
#: A broker for one machine starts often and does little: half the processor time of a start is saved, and the last tenth of the throughput lost.
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
START_SECONDS = 60
STOP_SECONDS = 15
ARCHIVE_SECONDS = 60  # of the first broker, which leaves its classes to the next ones

#: Reads a pipe whose other end is ours alone: it closes when we are gone, and then the broker goes too.
WATCH = 'exec 2>/dev/null; cat >/dev/null; kill -TERM "$0"; sleep 10; kill -KILL "$0"'


class LocalBroker:
    """One node in a folder of its own. It can be stopped and started again, and comes back with what it held."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._folder, self._port, self._controller_port = folder, port or free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._classes: Path | None = None  # what this broker archives when it ends

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def log(self) -> Path:
        return self._folder / "server.log"

    def start(self) -> None:
        properties, archive = self._prepare(), _class_archive()
        if archive.exists():
            classes, self._classes = f"-XX:SharedArchiveFile={archive}", None
        else:
            for stale in archive.parent.glob(f"{archive.stem}.*"):  # of one that was killed
                stale.unlink(missing_ok=True)
            self._classes = archive.with_suffix(f".{os.getpid()}")
            classes = f"-XX:ArchiveClassesAtExit={self._classes}"
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*_java(), *JVM, classes, "-cp", class_path(), "kafka.Kafka", str(properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._watcher = subprocess.Popen(["sh", "-c", WATCH, str(self._process.pid)], stdin=subprocess.PIPE)
        self._wait(self._process)

    def stop(self) -> None:
        """Politely, and then not."""
        if self._process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired, FileNotFoundError):
            self._process.wait(ARCHIVE_SECONDS if self._classes else STOP_SECONDS)
            if self._classes:
                self._classes.replace(_class_archive())
        self.kill()

    def kill(self) -> None:
        if self._process is None or self._watcher is None:
            return
        self._watcher.kill()
        self._process.kill()
        for each in (self._process, self._watcher):
            each.wait()
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._process = self._watcher = None

    def signal(self, number: signal.Signals) -> None:
        """E.g. SIGSTOP, to see what a broker that hangs does to others."""
        if self._process is not None:
            self._process.send_signal(number)

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else 0

    def _prepare(self) -> Path:
        data, properties = self._folder / "data", self._folder / "server.properties"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        filled = Template(PROPERTIES.read_text(encoding="utf-8")).substitute(
            port=self._port, controller_port=self._controller_port, data=data
        )
        properties.write_text(filled, encoding="utf-8")
        if not (data / "meta.properties").exists():
            tool = ["kafka.tools.StorageTool", "format", "-t", str(uuid4()), "-c", str(properties)]
            command = [*_java(), *JVM, "-cp", class_path(), *tool]
            result = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
            if result.returncode:
                raise SetupProblem(f"Apache Kafka cannot use {data}: {result.stderr.strip() or result.stdout.strip()}")
        return properties

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.05)
        self.kill()
        raise SetupProblem(f"Apache Kafka did not start; {self.log} says why.")


@contextmanager
def local_broker(folder: Path, port: int | None = None) -> Iterator[LocalBroker]:
    broker = LocalBroker(folder, port)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _class_archive() -> Path:
    """The classes of Kafka as this Java has loaded them: with them, a broker starts in a third of the time."""
    (java,) = _java()
    made_of = f"{class_path()} {Path(java).resolve()} {Path(java).stat().st_mtime_ns}"
    return cache() / f"kafka-{sha256(made_of.encode()).hexdigest()[:12]}.jsa"


def _java() -> list[str]:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise SetupProblem("A Kafka broker of our own needs Java 17 or newer, and there is no `java` here.")
    return [java]

"""One embedded server for all tests, a fresh database for each module that asks, a lake in a temporary folder, and a Kafka broker."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, is_hypothesis_test, seed, settings

from focusflow.database.embedded import embedded_server
from focusflow.database.installation import make_home
from focusflow.database.migrate import prepare
from focusflow.database.session import Database, Role
from focusflow.errors import SetupProblem
from focusflow.identity import new_id
from focusflow.lake.tables import Lake
from ingestion.kafka.local_broker.server import LocalBroker
from tests.receiver import Receiver, received
from tests.sizes import IS_FULL, SEED

BUCKETS = 8

if not IS_FULL:  # like POLARS_MAX_THREADS in the Makefile
    duckdb.connect = partial(duckdb.connect, config={"threads": 1})

# Each test says how many examples it draws (tests/sizes.py); what they have in common is here.
settings.register_profile("usual", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", settings.get_profile("usual"), derandomize=False, print_blob=True)
settings.load_profile("full" if IS_FULL else "usual")


def pytest_report_header() -> str:
    return f"size: {f'full, TEST_SEED={SEED}' if IS_FULL else 'usual'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A full run begins where it is told to, and its tests take as long as they are large."""
    for item in items if IS_FULL else ():
        item.add_marker(pytest.mark.timeout(3600), append=False)
        test: Any = getattr(item, "obj", None)
        if is_hypothesis_test(test):
            seed(SEED)(test)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: while a test waits for what it started, another can go on."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a file stay together. So do all from end to end, for two whole platforms at once are too much for one machine, and all
    that use Kafka, so that one broker is enough.
    """
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            parts = file.split("/")
            return next((shared for shared in ("e2e", "kafka") if shared in parts), file)

    return Together(config, log)


@pytest.fixture(autouse=True)
def umask():
    """A command that runs in this process makes its files private; the next test does not."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    # Not under pytest's own folder: each pytest that starts closes that to other accounts, and as root the server is one.
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with embedded_server(home, {"fsync": "off", "full_page_writes": "off", "max_connections": "100"}) as server:
            yield server.url


@pytest.fixture(scope="session")
def home_with_database() -> Iterator[Path]:
    """A home whose database is made and migrated. Whoever needs a server of their own takes a copy: to make one takes seconds."""
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder, "home")
        make_home(home)
        with embedded_server(home, {"fsync": "off"}) as server:
            prepare(server.url, BUCKETS)
        yield home


def copy_home(home: Path, to: Path) -> None:
    """With the owners of its files: as root, PostgreSQL runs as another account."""
    subprocess.run(["cp", "-a", f"{home}/.", to], check=True)


@pytest.fixture(scope="session")
def newest_schema(server_url: str) -> str:
    """The name of a database that nobody connects to: the others begin as its copies, for all migrations take a second each time."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("create database newest_schema")
    prepare(database_of(server_url, "newest_schema"), BUCKETS)
    return "newest_schema"


def database_of(server_url: str, name: str) -> str:
    return server_url.replace("/focusflow?", f"/{name}?")


@pytest.fixture(scope="module")
def database_url(server_url: str, newest_schema: str) -> Iterator[str]:
    """The address of an empty database with the newest schema."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template {newest_schema}')
        yield database_of(server_url, name)
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url, connections=20) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server to which webhooks and notifications can be sent."""
    with received() as opened:
        yield opened


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str]:
    """The broker that runs already, or one of our own. Only where neither can be had, and never in CI, its tests are skipped."""
    running = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if running:
        yield running
        return
    with tempfile.TemporaryDirectory(prefix="focusflow-kafka-") as folder:
        try:
            broker = LocalBroker(Path(folder))
            broker.start()
        except SetupProblem as problem:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(problem))
        yield broker.address
        broker.stop()


@pytest.fixture
def user_id(database: Database) -> UUID:
    return add_user(database)


def add_user(database: Database, timezone: str = "Europe/Berlin") -> UUID:
    """A user's row, and nothing else."""
    user_id = new_id()
    with database.transaction(Role.AUTH, user_id) as tx:
        tx.run(
            "insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone)"
            " values (%(id)s, %(now)s, %(now)s, %(email)s, 'none', 'Somebody', %(timezone)s)",
            {"id": user_id, "now": tx.now, "email": f"{user_id}@example.com", "timezone": timezone},
        )
    return user_id

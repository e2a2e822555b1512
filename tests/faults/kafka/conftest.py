"""Relays and landers as processes, and a broker of its own for the test that stops and kills it."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from focusflow.identity import new_id
from focusflow.lake.tables import Lake
from ingestion.kafka.broker import Kafka
from ingestion.kafka.local_broker.server import local_broker
from tests.conftest import BUCKETS, add_user
from tests.faults.processes import forking


@pytest.fixture
def broker(kafka_address):
    with tempfile.TemporaryDirectory(prefix="focusflow-kafka-") as folder, local_broker(Path(folder)) as running:
        yield running


@pytest.fixture
def kafka(kafka_address):
    return Kafka(kafka_address, f"test-{new_id().hex}")


@dataclass
class Running:
    """Processes on one database, lake and topic; none is left behind."""

    database_url: str
    lake: Lake
    kafka: Kafka
    started: list[ForkServerProcess] = field(default_factory=list)

    def __call__(self, work: Callable[..., None], *how: object) -> ForkServerProcess:
        arguments = (self.database_url, self.lake.location, self.kafka.servers, self.kafka.prefix, *how)
        process = forking().Process(target=work, args=arguments, daemon=True)
        process.start()
        self.started.append(process)
        return process

    def kill(self) -> None:
        for process in self.started:
            process.kill()
            process.join(10)


@pytest.fixture
def run(database_url, lake, kafka):
    running = Running(database_url, lake, kafka)
    yield running
    running.kill()


@pytest.fixture
def users(database):
    """Users in several buckets."""
    return [add_user(database) for _ in range(BUCKETS)]

"""An installation with a broker: its database, its lake, and topics of its own."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from focusflow.database.session import Database
from focusflow.identity import new_id
from focusflow.lake.tables import Lake
from ingestion.kafka.broker import Kafka
from ingestion.kafka.relay import RelayService
from ingestion.kafka.wiring import broker_source, relay_service
from ingestion.landing.service import Ingestion, open_ingestion
from tests.conftest import BUCKETS, add_user


@pytest.fixture
def users(database):
    """Users in several buckets."""
    return [add_user(database) for _ in range(BUCKETS)]


@pytest.fixture
def kafka(kafka_address):
    return Kafka(kafka_address, f"test-{new_id().hex}")


@pytest.fixture
def relay(database, database_url, lake, kafka):
    return relay_service(database, database_url, lake, kafka, buckets=BUCKETS, rows=500, retention_hours=24)


@pytest.fixture
def source(database, kafka):
    with broker_source(database, kafka) as opened:
        yield opened


@pytest.fixture
def ingestion(database, lake, source):
    """From Kafka into the lake."""
    return open_ingestion(database, lake, buckets=BUCKETS, rows=500, age_seconds=0, source=source)


@pytest.fixture
def directly(database, lake):
    """From the outbox into the same lake."""
    return open_ingestion(database, lake, buckets=BUCKETS, rows=500, age_seconds=0)


@dataclass(frozen=True)
class Installation:
    """All of it, for tests that need all of it."""

    database: Database
    database_url: str
    lake: Lake
    users: list[UUID]
    kafka: Kafka
    kafka_address: str
    relay: RelayService
    ingestion: Ingestion
    directly: Ingestion


@pytest.fixture
def here(request):
    return Installation(**{name: request.getfixturevalue(name) for name in Installation.__dataclass_fields__})

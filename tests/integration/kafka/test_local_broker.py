"""The broker for development and tests: it comes back with what it held, and leaves nothing running."""

import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from focusflow.errors import SetupProblem
from ingestion.kafka.local_broker import jars, server
from ingestion.kafka.local_broker.server import LocalBroker, local_broker


@pytest.fixture
def broker(tmp_path, kafka_address):
    with local_broker(tmp_path) as running:
        yield running


def test_a_broker_that_was_killed_comes_back_with_what_it_held_and_one_that_hangs_is_stopped(broker):
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.create_topics({"kept": {"num_partitions": 1}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=broker.address)
    producer.send("kept", b"value", partition=0).get(10)
    producer.close()
    broker.kill()
    broker.start()
    consumer = KafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="none", enable_auto_commit=False)
    consumer.assign([TopicPartition("kept", 0)])
    consumer.seek(TopicPartition("kept", 0), 0)
    (records,) = consumer.poll(10_000).values()
    consumer.close()
    assert [record.value for record in records] == [b"value"]
    broker.signal(signal.SIGSTOP)
    begun = time.monotonic()
    broker.stop()
    assert broker.exit_code() == 0
    assert time.monotonic() - begun < 30


def test_a_broker_ends_with_the_process_that_started_it(tmp_path, kafka_address):
    starter = (
        "import sys; from pathlib import Path; from ingestion.kafka.local_broker.server import LocalBroker\n"
        f"broker = LocalBroker(Path({str(tmp_path)!r})); broker.start()\n"
        "print(broker._process.pid, broker.address, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, address = process.stdout.readline().split()
        java = psutil.Process(int(pid))
        process.send_signal(signal.SIGKILL)
    java.wait(15)
    host, port = address.split(":")
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), timeout=1)


def test_a_broker_archives_its_classes_for_a_quick_start_of_the_next(tmp_path, kafka_address, monkeypatch):
    archive = tmp_path / "kafka.jsa"
    monkeypatch.setattr(server, "_class_archive", lambda: archive)
    broker = LocalBroker(tmp_path / "broker")
    broker.start()
    broker.stop()
    assert [path.name for path in tmp_path.glob("kafka.*")] == [archive.name]
    broker.start()
    assert broker._process is not None
    assert f"-XX:SharedArchiveFile={archive}" in psutil.Process(broker._process.pid).cmdline()
    broker.kill()


def test_without_maven_one_sentence_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupProblem, match="Install Maven, or set KAFKA_HOME"):
        jars.class_path()


def test_a_broker_that_cannot_start_says_where_its_log_is(tmp_path, kafka_address):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        broker = LocalBroker(tmp_path, taken.getsockname()[1])
        with pytest.raises(SetupProblem, match=r"server\.log says why"):
            broker.start()

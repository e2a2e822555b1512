"""A relay is ready when it has reached a broker and done a round, and not before."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.supervisor.services import own_command
from cli.supervisor.tree import Part, State
from ingestion.kafka.local_broker.server import LocalBroker
from tests.integration.supervisor.conftest import BRIEFLY, Trees, ticking


@pytest.mark.timeout(240)
def test_a_relay_waits_for_its_broker_without_being_ready_or_restarted(
    database_url, tmp_path, kafka_address, monkeypatch
):
    broker = LocalBroker(tmp_path / "kafka")
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.address)
    trees = Trees(tmp_path / "logs")
    try:
        tree = trees.tree(
            Part("relay", own_command("relay"), has_heartbeat=True), limits=replace(BRIEFLY, start=90, heartbeat=90)
        )
        tree.start("relay")
        ticking(tree, lambda: have_tried(tmp_path / "logs" / "relay.log"), seconds=90)
        assert tree.unready() == ["relay"]
        first = tree.processes()["relay"]
        broker.start()
        ticking(tree, tree.is_ready, seconds=90)
        assert tree.processes()["relay"] == first
        assert trees.reported == [("relay", State.STARTING), ("relay", State.READY)]
    finally:
        trees.stop_all()
        broker.stop()


def have_tried(log: Path) -> bool:
    """Whether relay and inbox have asked for a broker that is not there."""
    tried = [line for line in log.read_text(encoding="utf-8").splitlines() if "Trying again" in line]
    return len({"Inbox:" in line for line in tried}) == 2

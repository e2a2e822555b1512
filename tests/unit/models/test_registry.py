"""Models are kept, let serve, and taken back; and what is damaged serves nobody and breaks nothing."""

import logging
from datetime import UTC, datetime

import orjson
import pytest

from models.registry import NoSuchModel, NothingToRollBack, Refused, Registry, Serving
from tests.unit.models.made_up import model

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "priority")


def kept(registry, refused=(), **bends):
    return registry.save(model(**bends), {"refused": list(refused)}, NOW)


def test_nothing_serves_until_a_model_is_promoted(registry):
    assert registry.served() is None
    version = kept(registry, age=1.0)
    assert (registry.current(), registry.served()) == (None, None)
    registry.promote(version)
    served = registry.served()
    assert served is not None
    assert served.version == version
    assert served.priority.as_json() == model(age=1.0).as_json()


def test_rollback_brings_back_the_one_before_and_at_last_the_baseline(registry):
    first, second = kept(registry, age=1.0), kept(registry, age=2.0)
    registry.promote(first)
    registry.promote(second)
    assert registry.rollback() == first
    assert registry.current() == first
    assert registry.rollback() is None
    assert registry.served() is None
    with pytest.raises(NothingToRollBack):
        registry.rollback()


def test_what_the_gate_refused_serves_only_by_force(registry):
    version = kept(registry, refused=["it is no better"])
    with pytest.raises(Refused, match="no better"):
        registry.promote(version)
    registry.promote(version, anyway=True)
    assert registry.current() == version


@pytest.mark.parametrize("name", ["nothing", "..", "../priority"])
def test_a_model_that_is_not_there(registry, name):
    kept(registry)
    with pytest.raises(NoSuchModel):
        registry.promote(name)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-40])


def other_numbers(path):
    path.write_bytes(orjson.dumps(model(age=9.0).as_json()))


def nothing(path):
    path.unlink()


@pytest.mark.parametrize("damage", [cut_off, other_numbers, nothing])
def test_a_damaged_model_serves_nobody_and_is_warned_of(registry, damage, caplog):
    version = kept(registry)
    registry.promote(version)
    damage(registry.root / version / "model.json")
    with caplog.at_level(logging.WARNING):
        assert registry.served() is None
    assert "the baseline serves" in caplog.text


@pytest.mark.parametrize("written", [b"", b"{", b"[]", b'{"served": [{}]}', b'{"served": 1}'])
def test_a_damaged_pointer_serves_nobody_and_is_warned_of(registry, written, caplog):
    version = kept(registry)
    registry.promote(version)
    (registry.root / "current.json").write_bytes(written)
    assert registry.served() is None
    assert "the baseline serves" in caplog.text
    registry.promote(version)
    assert registry.current() == version


def test_a_process_that_serves_reads_once_and_again_when_another_is_promoted(registry):
    serving = Serving(registry)
    assert serving.model() is None
    first, second = kept(registry, age=1.0), kept(registry, age=2.0)
    registry.promote(first)
    assert [version(serving), version(serving)] == [first, first]
    assert serving.model() is serving.model()
    registry.promote(second)
    assert version(serving) == second
    registry.rollback()
    registry.rollback()
    assert serving.model() is None


def version(serving):
    served = serving.model()
    return served.version if served else None


def test_a_card_tells_what_was_kept(registry):
    version = kept(registry)
    assert registry.versions() == [version]
    card = registry.card(version)
    assert (card["version"], card["trained_at"], card["refused"]) == (version, "2026-03-02T00:00:00+00:00", [])
    assert len(card["sha256"]) == 64

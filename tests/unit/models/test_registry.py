"""Models are kept, let serve, and taken back; and what is damaged serves nobody and breaks nothing."""

import logging
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from models.serving.registry import NoSuchModel, NothingToRollBack, Refused, Registry, Serving
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
    registry.promote(version, NOW)
    served = registry.served()
    assert served is not None
    assert served.version == version
    assert served.priority.as_json() == model(age=1.0).as_json()


def test_rollback_brings_back_the_one_before_and_at_last_the_baseline(registry):
    first, second = kept(registry, age=1.0), kept(registry, age=2.0)
    registry.promote(first, NOW)
    registry.promote(second, NOW)
    assert registry.rollback(NOW) == first
    assert registry.current() == first
    assert registry.rollback(NOW) is None
    assert registry.served() is None
    with pytest.raises(NothingToRollBack):
        registry.rollback(NOW)


def test_it_is_known_what_served_when(registry):
    first, second = kept(registry, age=1.0), kept(registry, age=2.0)
    promoted, better, worse = NOW, NOW + timedelta(days=7), NOW + timedelta(days=8)
    registry.promote(first, promoted)
    registry.promote(second, better)
    registry.promote(second, worse)  # it serves already
    registry.rollback(worse)
    moments = [promoted - timedelta(hours=1), promoted, better, worse]
    served = [registry.served(moment) for moment in moments]
    assert [each and each.version for each in served] == [None, first, second, first]
    (registry.root / second / "model.json").unlink()
    assert registry.served(better) is None
    assert registry.current() == first


def test_what_was_promoted_before_moments_were_noted_still_serves(registry):
    version = kept(registry)
    served = [{"version": version, "sha256": registry.card(version)["sha256"]}]
    (registry.root / "current.json").write_bytes(orjson.dumps({"served": served}))
    assert registry.current() == version
    assert registry.served(NOW) is not None


def test_what_the_gate_refused_serves_only_by_force(registry):
    version = kept(registry, refused=["it is no better"])
    with pytest.raises(Refused, match="no better"):
        registry.promote(version, NOW)
    registry.promote(version, NOW, anyway=True)
    assert registry.current() == version


@pytest.mark.parametrize("name", ["nothing", "..", "../priority"])
def test_a_model_that_is_not_there(registry, name):
    kept(registry)
    with pytest.raises(NoSuchModel):
        registry.promote(name, NOW)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-40])


def other_numbers(path):
    path.write_bytes(orjson.dumps(model(age=9.0).as_json()))


def nothing(path):
    path.unlink()


@pytest.mark.parametrize("damage", [cut_off, other_numbers, nothing])
def test_a_damaged_model_serves_nobody_and_is_warned_of(registry, damage, caplog):
    version = kept(registry)
    registry.promote(version, NOW)
    damage(registry.root / version / "model.json")
    with caplog.at_level(logging.WARNING):
        assert registry.served() is None
    assert "the baseline serves" in caplog.text


@pytest.mark.parametrize("written", [b"", b"{", b"[]", b'{"served": [{}]}', b'{"served": 1}'])
def test_a_damaged_pointer_serves_nobody_and_is_warned_of(registry, written, caplog):
    version = kept(registry)
    registry.promote(version, NOW)
    (registry.root / "current.json").write_bytes(written)
    assert registry.served() is None
    assert "the baseline serves" in caplog.text
    registry.promote(version, NOW)
    assert registry.current() == version


def test_a_process_that_serves_reads_once_and_again_when_another_is_promoted(registry):
    serving = Serving(registry)
    assert serving.model() is None
    first, second = kept(registry, age=1.0), kept(registry, age=2.0)
    registry.promote(first, NOW)
    assert [version(serving), version(serving)] == [first, first]
    assert serving.model() is serving.model()
    registry.promote(second, NOW)
    assert version(serving) == second
    registry.rollback(NOW)
    registry.rollback(NOW)
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

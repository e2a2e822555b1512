"""What could not be read is looked at and tried again; what follows from it is then as if it had been read at once."""

from datetime import UTC, datetime

import pytest

from focusflow.contracts.registry import NOUNS
from focusflow.errors import NotFound
from focusflow.lake.tables import Pinned
from pipelines.engine import daily, silver
from pipelines.engine.quarantine import Quarantine, Retried
from tests.integration.pipelines.conftest import SampleUser, World

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def ada():
    user = SampleUser()
    for day in (2, 3, 5):
        task = user.task(f"2026-03-0{day} 09:00", due_date=f"2026-03-0{day}")
        task.completed(f"2026-03-0{day} 17:00")
        user.time(f"2026-03-0{day} 10:00", f"2026-03-0{day} 11:00")
    return user


@pytest.fixture
def behind(world, ada, monkeypatch):
    """A world whose version did not know tasks yet, has computed without them, and does now."""
    monkeypatch.setattr(silver, "NOUNS", [noun for noun in NOUNS if noun.name != "task"])
    world.land(ada.events)
    world.land_bytes([(ada.bucket, b"not even JSON")])
    world.refresh(NOW)
    monkeypatch.setattr(silver, "NOUNS", NOUNS)
    return world


@pytest.fixture
def quarantine(behind):
    return Quarantine(behind.lake, behind.session)


def rows_of(world, *tables):
    return {table: [row | {"log_offset": None} for row in world.rows(table)] for table in tables}


def test_what_is_in_quarantine_is_reported_by_reason_and_place(quarantine, ada):
    assert quarantine.reasons() == {"unknown type task.created": 3, "unknown type task.completed": 3, "not JSON": 1}
    listed = quarantine.listed(100)
    assert len(listed) == 7
    assert quarantine.one(listed[-1].bucket, listed[-1].log_offset) == ("not JSON", b"not even JSON")
    with pytest.raises(NotFound, match="quarantine list"):
        quarantine.one(ada.bucket, 0)


def test_what_can_be_read_now_is_as_if_it_had_been_read_at_once(behind, quarantine, ada, tmp_path, request):
    assert quarantine.retry() == Retried(taken_in=6, left=1)
    assert quarantine.reasons() == {"not JSON": 1}
    behind.refresh(NOW)
    at_once = World(behind.lake.__class__(str(tmp_path / "other")))
    request.addfinalizer(at_once.session.close)
    at_once.land(ada.events)
    at_once.refresh(NOW)
    tables = ("silver/events", "silver/task_history", "silver/time_entry_history", daily.DAILY.name)
    assert rows_of(behind, *tables) == rows_of(at_once, *tables)
    assert behind.days(ada)["2026-03-05"]["tasks_completed"] == 1


def test_a_second_try_changes_nothing(behind, quarantine):
    quarantine.retry()
    assert quarantine.retry() == Retried(taken_in=0, left=1)
    behind.refresh(NOW)
    assert len(behind.rows("silver/task_history")) == 6


def test_killed_before_it_left_quarantine_an_event_is_loaded_once(behind, quarantine, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Pinned, "replace", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            quarantine.retry()
    assert quarantine.retry() == Retried(taken_in=0, left=1)
    behind.refresh(NOW)
    assert len(behind.rows("silver/task_history")) == 6
    assert quarantine.reasons() == {"not JSON": 1}

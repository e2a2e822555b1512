"""A refresh by a clock that ran ahead leaves nothing that the next one by the right clock does not correct."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from focusflow.contracts.envelope import Event
from focusflow.lake.tables import Lake
from models.serving.registry import Registry
from pipelines.engine import build, daily, priorities
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser, World

Rows = dict[str, list[dict[str, Any]]]

SOON, TOMORROW = timedelta(hours=2), timedelta(days=1)


@pytest.fixture
def ada() -> SampleUser:
    ada = SampleUser(since="2026-03-20 08:00")
    ada.task("2026-03-24 09:00", due_date="2026-03-31").completed("2026-03-25 10:00")
    ada.task("2026-03-24 09:00", due_at=ada.moment("2026-03-31 18:00"))
    ada.time("2026-03-29 09:00", "2026-03-29 10:30")
    ada.log(ada.habit("2026-03-24 09:00"), "2026-03-29")
    return ada


@pytest.fixture
def noon(ada: SampleUser) -> datetime:
    """Before the month ends, so that some of the days ahead lie in partitions of their own."""
    return ada.moment("2026-03-30 12:00")


def refreshed(folder: Path, events: Sequence[Event], moments: Sequence[datetime]) -> Rows:
    """What every table of gold holds after a refresh at each of the moments."""
    world = World(Lake(str(folder / "lake")))
    world.land(events)
    for as_of in moments:
        world.refresh(as_of)
        for table in build.TABLES:
            build.load_incremental(world.lake, world.session, table, BUCKETS, as_of)
        priorities.score_open_tasks(world.lake, world.session, BUCKETS, as_of, Registry(folder / "models"))
    names = [daily.DAILY.name, *(table.spec.name for table in build.TABLES), priorities.SCORES.name]
    rows = {name: world.rows(name) for name in names}
    world.session.close()
    return rows


@pytest.mark.parametrize("ahead", [timedelta(hours=18), timedelta(days=75)])
def test_the_next_refresh_by_the_right_clock_leaves_no_row_of_a_day_to_come(tmp_path, ada, noon, ahead):
    right = refreshed(tmp_path / "right", ada.events, [noon, noon + SOON])
    wrong = refreshed(tmp_path / "wrong", ada.events, [noon, noon + ahead, noon + SOON])
    assert max(row["local_date"] for row in wrong[daily.DAILY.name]) == noon.date()
    assert wrong == right


def test_days_that_a_clock_ahead_has_computed_are_computed_again_when_they_come(tmp_path, ada, noon):
    moments = [noon, noon + SOON, noon + TOMORROW]
    right = refreshed(tmp_path / "right", ada.events, moments)
    wrong = refreshed(tmp_path / "wrong", ada.events, [noon, noon + timedelta(days=3), *moments[1:]])
    assert wrong == right

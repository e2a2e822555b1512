"""A refresh by a clock that ran ahead leaves nothing that the next one by the right clock does not correct."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from focusflow.lake.tables import Lake
from models.serving.registry import Registry
from pipelines.engine import build, daily, priorities
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser, World

Rows = dict[str, list[dict[str, Any]]]

SOON, TOMORROW = timedelta(hours=2), timedelta(days=1)


@pytest.fixture(scope="module")
def ada() -> SampleUser:
    ada = SampleUser(since="2026-03-20 08:00")
    ada.task("2026-03-24 09:00", due_date="2026-03-31").completed("2026-03-25 10:00")
    ada.task("2026-03-24 09:00", due_at=ada.moment("2026-03-31 18:00"))
    ada.time("2026-03-29 09:00", "2026-03-29 10:30")
    ada.log(ada.habit("2026-03-24 09:00"), "2026-03-29")
    return ada


@pytest.fixture(scope="module")
def noon(ada: SampleUser) -> datetime:
    """Before the month ends, so that some of the days ahead lie in partitions of their own."""
    return ada.moment("2026-03-30 12:00")


@pytest.fixture(scope="module")
def at_noon(ada: SampleUser, noon: datetime, tmp_path_factory) -> Path:
    """Where the lake lies after a refresh at noon."""
    folder: Path = tmp_path_factory.mktemp("noon")
    world = World(Lake(str(folder / "lake")))
    world.land(ada.events)
    world.session.close()
    refreshed(folder, noon)
    return folder


@pytest.fixture(scope="module")
def right(at_noon: Path, noon: datetime, tmp_path_factory) -> list[Rows]:
    """What every table of gold holds when the clock is right: soon, and tomorrow."""
    folder = copied(at_noon, tmp_path_factory.mktemp("right"))
    return [refreshed(folder, noon + SOON), refreshed(folder, noon + TOMORROW)]


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return to


def refreshed(folder: Path, as_of: datetime) -> Rows:
    """What every table of gold holds after a refresh."""
    world = World(Lake(str(folder / "lake")))
    world.refresh(as_of)
    world.build(as_of)
    priorities.score_open_tasks(world.lake, world.session, BUCKETS, as_of, Registry(folder / "models"))
    names = [daily.DAILY.name, *(table.spec.name for table in build.TABLES), priorities.SCORES.name]
    rows = {name: world.rows(name) for name in names}
    world.session.close()
    return rows


@pytest.mark.parametrize("ahead", [timedelta(hours=18), timedelta(days=75)])
def test_what_a_clock_ahead_has_computed_is_corrected_and_computed_again_when_its_day_comes(
    tmp_path, at_noon, noon, right, ahead
):
    copied(at_noon, tmp_path)
    wrong = refreshed(tmp_path, noon + ahead)
    assert max(row["local_date"] for row in wrong[daily.DAILY.name]) > noon.date()
    soon = refreshed(tmp_path, noon + SOON)
    assert max(row["local_date"] for row in soon[daily.DAILY.name]) == noon.date()
    assert soon == right[0]
    assert refreshed(tmp_path, noon + TOMORROW) == right[1]

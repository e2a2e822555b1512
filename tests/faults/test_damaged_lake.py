"""Files of the lake that change, shrink or vanish on the disk: found in every table, repaired where the events still exist, named otherwise."""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from focusflow import clock
from focusflow.database.session import Database, Role
from focusflow.lake import digests
from focusflow.lake import tables as lake_module
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key, show
from focusflow.lake.verification import TableCheck
from ingestion.demo.writer import write_demo
from ingestion.landing.service import open_ingestion
from ingestion.outbox.source import OutboxSource
from ingestion.reconciliation import count, judge
from models.serving.registry import Registry
from pipelines.engine import integrity, silver
from pipelines.engine.refresh import Refresh
from tests.conftest import BUCKETS

SEED, FLIPS = 6, 8
EVENTS, HISTORY, DAILY, FOLDER, SCORES = (
    "silver/events", "silver/task_history", "gold/productivity_daily", "gold/productivity_weekly", "gold/priority_scores",
)  # fmt: skip
TABLES = (RAW_EVENTS.name, EVENTS, HISTORY, DAILY, FOLDER, SCORES)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path, bit: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    place = len(content) * 4 if bit is None else bit
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)


SPOILS: dict[str, Callable[[Path], None]] = {"truncated": truncate, "flipped": flip, "deleted": Path.unlink}
PLACES = ("data", "first", "middle", "newest", "checkpoint")


@dataclass
class Installation:
    """A lake in which a user's weeks have landed and are refreshed."""

    database: Database
    lake: Lake
    home: Path
    as_of: datetime

    def refresh(self) -> None:
        models, catalog = Registry(self.home / "models"), self.home / "catalog.duckdb"
        for _ in Refresh(self.lake, duckdb_session(), self.database, BUCKETS, self.as_of, models, catalog).run():
            pass

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with duckdb_session().connection as connection:
            pinned = self.lake.pinned(table)
            assert pinned is not None
            show(connection, [pinned])
            return connection.execute(f"from {table.replace('/', '.')} order by all").fetchall()

    def place(self, table: str, place: str) -> Path:
        """A file of a table: of its data, or an entry of its log."""
        pinned = self.lake.pinned(table)
        assert pinned is not None
        root, log = Path(self.lake.url(table)), Path(self.lake.url(table)) / "_delta_log"
        if place == "data":
            return root / max(pinned.sizes().items(), key=lambda each: each[1])[0]
        if place == "checkpoint":
            return max(log.glob("*.checkpoint.parquet"))
        version = {"first": 0, "middle": pinned.version // 2, "newest": pinned.version}[place]
        return log / f"{version:020}.json"

    def verify(self) -> list[TableCheck]:
        return integrity.verify(self.lake, is_deep=True)

    def repair(self, checks: list[TableCheck]) -> integrity.Outcome:
        return integrity.repair(self.lake, self.database, BUCKETS, checks, may_rebuild_log=True)


@pytest.fixture(scope="module")
def whole(database, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    as_of = clock.now()
    write_demo(database, as_of, days=15, count=1)
    lake = Lake(str(home / "lake"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake_module, "CHECKPOINT_COMMITS", 3)
        open_ingestion(database, lake, buckets=BUCKETS, rows=60, age_seconds=0).drain()
        installation = Installation(database, lake, home, as_of)
        installation.refresh()
        for table in TABLES:
            lake.open(integrity.SPECS[table]).checkpoint()
    return installation


@pytest.fixture
def damaged(whole, tmp_path):
    """The same, to be damaged."""
    shutil.copytree(whole.lake.location, tmp_path / "lake")
    return Installation(whole.database, Lake(str(tmp_path / "lake")), tmp_path, whole.as_of)


def spoil(damaged: Installation, table: str, place: str, how: str) -> str:
    """The path of the damaged file, in its table."""
    path = damaged.place(table, place)
    SPOILS[how](path)
    return str(path.relative_to(damaged.lake.url(table)))


def found(checks: list[TableCheck]) -> dict[str, set[str]]:
    return {each.table: {damage.path for damage in each.damages} for each in checks if not each.is_whole}


def is_as_before(whole: Installation, damaged: Installation) -> None:
    for name in TABLES:
        assert damaged.rows(name) == whole.rows(name), name
    assert found(damaged.verify()) == {}
    assert judge(count(damaged.database, damaged.lake)).is_sound


#: Each table, each place and each kind of damage.
LOGS = [
    (RAW_EVENTS.name, "middle", "deleted"), (EVENTS, "newest", "truncated"), (HISTORY, "first", "flipped"),
    (DAILY, "first", "deleted"), (FOLDER, "newest", "deleted"), (SCORES, "checkpoint", "flipped"),
]  # fmt: skip


@pytest.mark.fault("Delta log torn, flipped or deleted")
def test_damage_of_logs_is_found_and_repaired(whole, damaged, tally):
    tally.tries = len(LOGS)
    spoiled = [(table, spoil(damaged, table, place, how)) for table, place, how in LOGS]
    checks = damaged.verify()
    assert all(path in found(checks)[table] for table, path in spoiled)
    assert len(found(checks)) == len(spoiled)
    assert damaged.repair(checks).lost == []
    is_as_before(whole, damaged)


@pytest.mark.fault("Parquet file truncated or flipped")
def test_damaged_data_files_are_found_and_repaired(whole, damaged, tally):
    spoiled = {RAW_EVENTS.name: "flipped", FOLDER: "truncated", SCORES: "flipped"}
    expected = {table: {spoil(damaged, table, "data", how)} for table, how in spoiled.items()}
    checks = damaged.verify()
    tally.tries = len(spoiled)
    assert found(checks) == expected
    with tally.recovery():
        assert damaged.repair(checks).lost == []
    damaged.refresh()
    is_as_before(whole, damaged)


@pytest.mark.fault("random bit flipped in a table")
def test_every_flipped_bit_of_any_table_is_found(damaged, tally):
    tally.tries = FLIPS
    dice = random.Random(SEED)
    files = [(name, path) for name, path, _ in integrity.sizes(damaged.lake)]
    for _ in range(FLIPS):
        name, path = dice.choice(files)
        file = Path(damaged.lake.url(name)) / path
        bit = dice.randrange(file.stat().st_size * 8)
        flip(file, bit)
        checks = integrity.verify(damaged.lake, is_deep=True, only={name: [path]})
        assert [each.damaged_files for each in checks if not each.is_whole] == [[path]], (SEED, name, path, bit)
        flip(file, bit)


@pytest.mark.fault("Parquet files missing or cut in a refresh")
def test_a_refresh_that_stumbles_over_damaged_files_computes_the_tables_again(whole, damaged, tally):
    tally.tries = 4
    for table, how in {
        RAW_EVENTS.name: "deleted",
        EVENTS: "truncated",
        HISTORY: "deleted",
        FOLDER: "truncated",
    }.items():
        spoil(damaged, table, "data", how)
    damaged.refresh()
    is_as_before(whole, damaged)


@pytest.fixture
def forgotten(damaged, monkeypatch):
    """The outbox does not have the events any more."""
    monkeypatch.setattr(OutboxSource, "read_span", lambda *_: iter(()))


def test_what_the_outbox_has_no_more_is_named_exactly(damaged, forgotten):
    path = damaged.place(RAW_EVENTS.name, "data")
    bucket = int(path.parent.name.partition("=")[2])
    end = damaged.lake.pinned(RAW_EVENTS.name).position(position_key(bucket))
    path.unlink()
    outcome = damaged.repair(damaged.verify())
    assert len(outcome.lost) >= 1
    assert f"bucket {bucket}, log_offset" in outcome.lost[0]
    assert "local days 20" in outcome.lost[0]
    assert 0 < int(outcome.lost[0].split(" events")[0].rpartition(" ")[2]) <= end
    assert not judge(count(damaged.database, damaged.lake)).is_sound


def test_a_file_of_raw_that_can_still_be_read_stays_where_nobody_else_has_its_events(damaged, forgotten):
    path = damaged.place(RAW_EVENTS.name, "data")
    flip(path, 8 * 40)
    outcome = damaged.repair(damaged.verify())
    assert outcome.lost
    assert path.name in {Path(each).name for each in damaged.lake.pinned(RAW_EVENTS.name).files()}


@pytest.mark.parametrize("table", [RAW_EVENTS.name, EVENTS])
def test_a_log_without_copies_is_rewritten_from_the_data_files(whole, damaged, table):
    """As of a table from before the digests."""
    root = Path(damaged.lake.url(table))
    shutil.rmtree(root / digests.FOLDER)
    for checkpoint in (root / "_delta_log").glob("*checkpoint*"):
        checkpoint.unlink()
    spoil(damaged, table, "middle", "deleted")
    outcome = damaged.repair(damaged.verify())
    assert outcome.lost == []
    for _ in range(2):  # silver goes back to where its log is known to have been
        silver.load_incremental(damaged.lake, duckdb_session(), BUCKETS)
    is_as_before(whole, damaged)


def test_a_share_of_the_files_is_read_each_night_until_all_were(damaged):
    path = damaged.place(FOLDER, "data")
    flip(path)
    seen = []
    for _ in range(integrity.NIGHTS):
        seen += [each.table for each in integrity.check_share(damaged.lake) if not each.is_whole]
    assert set(seen) == {FOLDER}


def test_the_outbox_gives_back_a_span_and_no_more(whole):
    with whole.database.transaction(Role.INGESTION) as tx:
        row = tx.one("select bucket, next from outbox_head order by next desc limit 1")
    (run,) = OutboxSource(whole.database).read_span(row["bucket"], 1, 3)
    assert list(run.offsets) == [1, 2, 3]

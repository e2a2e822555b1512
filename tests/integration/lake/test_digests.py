"""The digests of a table: whatever changes on the disk is found, and the log is put back from its copy."""

import os
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from focusflow.errors import SetupProblem
from focusflow.lake import digests
from focusflow.lake import tables as lake_module
from focusflow.lake.digests import Part
from focusflow.lake.tables import Lake, TableSpec

STEPS = TableSpec("gold/steps", pa.schema([("bucket", pa.int16()), ("steps", pa.int64())]), ("bucket",))
SEED, FLIPS = 20, 12


def append(lake, *steps, table=None):
    table = table or lake.open(STEPS)
    rows = pa.table({"bucket": pa.array([0] * len(steps), pa.int16()), "steps": pa.array(steps, pa.int64())})
    table.append(rows, positions={"bucket-0": max(steps)})
    return table


@pytest.fixture(scope="module")
def ten_commits(tmp_path_factory):
    """With a checkpoint at the eighth."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake_module, "CHECKPOINT_COMMITS", 8)
        table = lake.open(STEPS)
        for number in range(1, 11):
            append(lake, number, table=table)
    return lake


@pytest.fixture
def table(lake, ten_commits):
    shutil.copytree(ten_commits.location, lake.location, dirs_exist_ok=True)
    return lake.open(STEPS)


def check(table):
    recorded = digests.read(table.root)
    files = [digests.check_file(table.root, path, size, recorded.files[path]) for path, size in table.sizes().items()]
    return [each for each in (*files, *digests.check_log(table.root)) if each]


def log(table, version):
    return table.root / "_delta_log" / f"{version:020}.json"


def cut_off(path):
    os.truncate(path, path.stat().st_size // 2)


def flip(path, bit=None):
    content = bytearray(path.read_bytes())
    bit = len(content) * 4 if bit is None else bit
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_a_whole_table_has_no_damage(table):
    assert check(table) == []


def test_every_flipped_bit_is_found_wherever_it_is(table):
    dice = random.Random(SEED)
    paths = [*table.root.glob("bucket=*/*.parquet"), *(table.root / "_delta_log").iterdir()]
    for _ in range(FLIPS):
        path = dice.choice(paths)
        bit = dice.randrange(path.stat().st_size * 8)
        flip(path, bit)
        assert [each.path for each in check(table)] == [str(path.relative_to(table.root))], (SEED, path, bit)
        flip(path, bit)
    assert check(table) == []


@pytest.mark.parametrize("version", [0, 5, 9, 10])
@pytest.mark.parametrize("spoil", [cut_off, flip, Path.unlink])
def test_a_damaged_log_entry_is_found_and_the_table_is_as_before(lake, table, spoil, version):
    rows = lake.open(STEPS).rows()
    spoil(log(table, version))
    assert [(each.part, each.path) for each in check(table)] == [(Part.ENTRY, f"_delta_log/{version:020}.json")]
    assert len(digests.restore_log(table.root)) == 1
    assert check(table) == []
    assert (lake.open(STEPS).version, lake.open(STEPS).rows(), lake.open(STEPS).position("bucket-0")) == (10, rows, 10)


@pytest.mark.parametrize("name", [f"{8:020}.checkpoint.parquet", "_last_checkpoint"])
@pytest.mark.parametrize("spoil", [cut_off, flip, Path.unlink])
def test_a_damaged_checkpoint_is_found_and_restored(lake, table, spoil, name):
    spoil(table.root / "_delta_log" / name)
    assert [(each.part, each.path) for each in check(table)] == [(Part.CHECKPOINT, f"_delta_log/{name}")]
    digests.restore_log(table.root)
    assert check(table) == []
    assert lake.open(STEPS).position("bucket-0") == 10


def test_a_checkpoint_without_a_copy_goes_where_the_log_has_what_it_says(lake, table):
    shutil.rmtree(table.root / digests.FOLDER)
    digests.adopt(table.root, table.sizes())
    flip(table.root / "_delta_log" / f"{8:020}.checkpoint.parquet")
    digests.restore_log(table.root)
    assert check(table) == []
    assert lake.open(STEPS).position("bucket-0") == 10


def test_a_commit_that_takes_the_number_of_a_lost_one_is_not_overwritten(lake, table):
    log(table, 10).unlink()
    append(lake, 11)  # a writer that does not know of the loss
    assert digests.restore_log(table.root) == []
    assert (lake.open(STEPS).version, lake.open(STEPS).position("bucket-0")) == (10, 11)


def test_an_undone_commit_is_not_brought_back(lake, table):
    cut_off(max(table.root.glob("bucket=*/*.parquet"), key=lambda path: path.stat().st_mtime_ns))
    assert len(lake.repair([STEPS.name])) == 1
    append(lake, 10)
    assert lake.repair([STEPS.name]) == []
    assert (lake.open(STEPS).version, check(lake.open(STEPS))) == (10, [])


def test_files_from_before_the_digests_are_trusted_at_first_sight_and_held_to_it_then(lake, table):
    shutil.rmtree(table.root / digests.FOLDER)
    assert digests.adopt(table.root, table.sizes()) == 10
    assert digests.adopt(table.root, table.sizes()) == 0
    append(lake, 11)
    assert check(lake.open(STEPS)) == []
    flip(next(table.root.glob("bucket=*/*.parquet")))
    flip(log(table, 2))
    assert {each.part for each in check(lake.open(STEPS))} == {Part.DATA, Part.ENTRY}


def test_a_table_from_before_the_digests_can_be_written_and_is_recorded_from_then_on(lake, table):
    shutil.rmtree(table.root / digests.FOLDER)
    append(lake, 11)
    log(table, 11).unlink()
    assert len(digests.restore_log(table.root)) == 1
    assert lake.open(STEPS).position("bucket-0") == 11


def test_an_old_entry_without_a_copy_goes_where_a_checkpoint_has_its_content(lake, table):
    flip(log(table, 3))
    digests.restore_log(table.root)
    assert (check(table), log(table, 3).exists(), log(table, 4).exists()) == ([], False, True)
    assert lake.open(STEPS).rows() == 10


def test_a_broken_line_of_the_digest_list_is_found_and_recorded_again(lake, table):
    flip(table.root / digests.FOLDER / digests.BASE, bit=100)
    assert [each.part for each in digests.check_log(table.root)][:1] == [Part.DIGESTS]
    assert digests.adopt(table.root, table.sizes()) == 1
    assert check(table) == []


def test_compaction_and_clearing_away_leave_nothing_to_find(lake, table, monkeypatch):
    table = lake.open(STEPS)
    assert table.compact() == 10
    table.checkpoint()
    table.vacuum(0)
    table = lake.open(STEPS)
    assert (len(table.sizes()), check(table)) == (1, [])
    for path in (table.root / "_delta_log").iterdir():
        long_ago = path.stat().st_mtime - 60 * 86400
        os.utime(path, (long_ago, long_ago))
    table.checkpoint()
    assert check(lake.open(STEPS)) == []


def test_a_disk_that_gives_back_other_bytes_than_were_written_is_found_before_the_commit_is_acknowledged(
    lake, monkeypatch
):
    table = lake.open(STEPS)
    monkeypatch.setattr(digests, "read_back", lambda path: digests.Digest("0" * 64, path.stat().st_size))
    with pytest.raises(SetupProblem, match="gave back other bytes"):
        append(lake, 1, table=table)


def test_the_digest_list_stays_small(lake, table):
    lines = (table.root / digests.FOLDER / digests.COMMITS).read_text().splitlines()
    assert len(lines) == 3  # since the checkpoint at the eighth commit


def test_a_lake_in_an_object_store_has_no_folder(lake):
    assert Lake("s3://bucket/lake").is_local is False

"""A table of the lake: read as it stood, written onto what was read, and whole again after a power cut."""

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from focusflow.errors import SetupProblem
from focusflow.lake import digests, fsync
from focusflow.lake.tables import CommitConflict, Lake, TableSpec, duckdb_connection, show

STEPS = TableSpec(
    "gold/steps",
    pa.schema(
        [
            pa.field("bucket", pa.int16(), nullable=False),
            pa.field("month", pa.string(), nullable=False),
            pa.field("user_id", pa.string()),
            pa.field("steps", pa.int64()),
            pa.field("days", pa.list_(pa.date32())),
            pa.field("at", pa.timestamp("us", "UTC")),
        ]
    ),
    ("month", "bucket"),
)


def rows(*steps, bucket=0, month="2026-03"):
    return pa.Table.from_pylist(
        [{"bucket": bucket, "month": month, "user_id": "ada", "steps": each, "days": [], "at": None} for each in steps],
        schema=STEPS.schema,
    )


def steps(table, where=None):
    connection = duckdb_connection()
    show(connection, [table], {table.name: where} if where else None)
    return [each for (each,) in connection.execute("select steps from gold.steps order by steps").fetchall()]


def data_files(lake):
    return sorted(Path(lake.url(STEPS.name)).glob("month=*/**/*.parquet"), key=lambda path: path.stat().st_mtime_ns)


def entry(lake, version):
    return Path(lake.url(STEPS.name), "_delta_log", f"{version:020}.json")


def three_commits(lake):
    table = lake.open(STEPS)
    for number in (1, 2, 3):
        table.append(rows(number), positions={"bucket-0": number})
    return table


def test_an_asof_join_is_never_planned_as_a_nested_loop():
    connection = duckdb_connection()
    connection.execute("create table few as select i as at from range(10) numbers(i)")
    connection.execute("create table many as select i as at from range(1000) numbers(i)")
    ((_, plan),) = connection.execute("explain from few asof join many on few.at >= many.at").fetchall()
    assert "Asof Join" in plan
    assert "Nested Loop" not in plan


def test_a_table_that_nobody_wrote_is_none(lake):
    assert lake.pinned(STEPS.name) is None


def test_a_new_table_is_empty_and_has_its_columns(lake):
    connection = duckdb_connection()
    show(connection, [lake.open(STEPS)])
    described = connection.execute("describe gold.steps").fetchall()
    assert {name: type_ for name, type_, *_ in described} == {
        "bucket": "SMALLINT",
        "month": "VARCHAR",
        "user_id": "VARCHAR",
        "steps": "BIGINT",
        "days": "DATE[]",
        "at": "TIMESTAMP WITH TIME ZONE",
    }
    assert connection.execute("select * from gold.steps").fetchall() == []


def test_a_column_that_came_since_is_added_and_empty_before(lake):
    lake.open(STEPS).append(rows(1), positions={"bucket-0": 1})
    wider = TableSpec(STEPS.name, STEPS.schema.append(pa.field("is_walk", pa.bool_())), STEPS.partition_by)
    table = lake.open(wider)
    table.append(rows(2).append_column("is_walk", [[True]]), positions={"bucket-0": 2})
    connection = duckdb_connection()
    show(connection, [table])
    found = connection.execute("select steps, is_walk from gold.steps order by steps").fetchall()
    assert (found, table.position("bucket-0")) == ([(1, None), (2, True)], 2)
    assert lake.open(wider).version == table.version


def test_files_that_are_all_older_than_a_column_are_read_as_well(lake):
    """A query opens only the files that it needs, and none of them may have the column."""
    lake.open(STEPS).append(rows(1), positions={"bucket-0": 1})
    wider = TableSpec(STEPS.name, STEPS.schema.append(pa.field("is_walk", pa.bool_())), STEPS.partition_by)
    table = lake.open(wider)
    new = rows(2, month="2026-04").append_column("is_walk", [[True]])
    table.append(new, positions={"bucket-0": 2})
    connection = duckdb_connection()
    show(connection, [table], {table.name: "month = '2026-03'"})
    assert connection.execute("select steps, is_walk, month from gold.steps").fetchall() == [(1, None, "2026-03")]


def test_two_may_make_a_table(lake):
    assert lake.open(STEPS).version == lake.open(STEPS).version == 0


def test_data_and_position_are_one_commit(lake):
    table = lake.open(STEPS)
    assert table.position("bucket-0") == 0
    table.append(rows(1, 2), positions={"bucket-0": 2})
    assert (steps(table), table.position("bucket-0")) == ([1, 2], 2)
    assert lake.open(STEPS).position("bucket-0") == 2


def test_what_is_pinned_does_not_change(lake):
    three_commits(lake)
    pinned = lake.open(STEPS)
    lake.open(STEPS).append(rows(4), positions={"bucket-0": 4})
    assert steps(pinned) == [1, 2, 3]


def test_what_a_process_that_stays_has_written_is_not_read_again(lake, monkeypatch):
    lake.keep_open()
    three_commits(lake)
    before = lake.open(STEPS)
    lake.open(STEPS).append(rows(4), positions={"bucket-0": 4})
    monkeypatch.setattr("focusflow.lake.tables.DeltaTable", lambda *_, **__: pytest.fail("the log was read again"))
    assert (steps(lake.open(STEPS)), lake.open(STEPS).position("bucket-0")) == ([1, 2, 3, 4], 4)
    assert steps(before) == [1, 2, 3]


def test_who_writes_twice_in_a_process_that_stays_leaves_readers_where_they_were(lake):
    lake.keep_open()
    writer = three_commits(lake)
    reader = lake.open(STEPS)
    writer.append(rows(4), positions={"bucket-0": 4})
    assert steps(reader) == [1, 2, 3]
    assert steps(writer) == [1, 2, 3, 4]


def test_of_two_in_a_process_that_stays_one_is_refused(lake):
    lake.keep_open()
    three_commits(lake)
    first, second = lake.open(STEPS), lake.open(STEPS)
    first.append(rows(4), positions={"bucket-0": 4})
    with pytest.raises(CommitConflict):
        second.append(rows(5), positions={"bucket-0": 4})


def test_of_two_at_one_position_one_is_refused(lake):
    first, second = lake.open(STEPS), lake.open(STEPS)
    first.append(rows(1), positions={"bucket-0": 1})
    with pytest.raises(CommitConflict):
        second.append(rows(1), positions={"bucket-0": 1})
    assert steps(lake.open(STEPS)) == [1]


def test_two_at_different_positions_both_write(lake):
    first, second = lake.open(STEPS), lake.open(STEPS)
    first.append(rows(1), positions={"bucket-0": 1})
    second.append(rows(2, bucket=1), positions={"bucket-1": 1})
    assert steps(lake.open(STEPS)) == [1, 2]


def test_replacing_leaves_the_other_partitions(lake):
    table = three_commits(lake)
    table.append(rows(9, month="2026-04"), positions={})
    table.replace(rows(7), where="month = '2026-03'", positions={})
    assert steps(lake.open(STEPS)) == [7, 9]


def test_a_scan_reads_only_the_partitions_it_names(lake):
    table = three_commits(lake)
    table.append(rows(9, bucket=1), positions={})
    assert steps(table, "bucket = 1 and month >= '2026-01'") == [9]
    assert len(table.files("bucket = 1")) == 1


def test_columns_come_by_name_in_whatever_order_they_are_written(lake):
    table = lake.open(STEPS)
    table.append(rows(1).select(["steps", "at", "days", "user_id", "month", "bucket"]), positions={})
    assert steps(table) == [1]


@pytest.mark.parametrize("folder", ["Ada's lake", "Zürich", "a+b & c=d"])
def test_a_lake_may_lie_in_a_folder_of_any_language(tmp_path, folder):
    lake = Lake(str(tmp_path / folder))
    lake.open(STEPS).append(rows(1), positions={})
    assert steps(lake.open(STEPS)) == [1]
    assert lake.repair([STEPS.name]) == []
    assert [path.name for path in tmp_path.iterdir()] == [folder]


@pytest.mark.parametrize("folder", ["50%20", "#1", "what?", "[a]", "*"])
def test_a_folder_that_cannot_be_written_to_is_refused_in_a_sentence(tmp_path, folder):
    with pytest.raises(SetupProblem, match="Set FOCUSFLOW_LAKE"):
        Lake(str(tmp_path / folder)).open(STEPS)


def test_a_file_of_many_users_is_written_in_groups_in_which_one_is_found_quickly(lake):
    table = lake.open(STEPS)
    table.append(rows(*range(100_000)), positions={})
    table.forget("steps = 3", positions={})
    (file,) = table.files()
    groups = parquet.read_metadata(file)
    assert max(groups.row_group(n).num_rows for n in range(groups.num_row_groups)) <= 65_536


def test_metadata_says_what_each_later_commit_did(lake):
    table = lake.open(STEPS)
    for number in (1, 2, 3):
        table.append(rows(number), positions={}, metadata={"touched": f"day {number}"})
    assert [note["touched"] for note in table.commit_metadata_since(1)] == ["day 2", "day 3"]
    assert table.commit_metadata_since(3) == []


def cut_off(path):
    os.truncate(path, path.stat().st_size // 2)


def emptied(path):
    os.truncate(path, 0)


def zeroed(path):
    path.write_bytes(bytes(path.stat().st_size))


BREAKS = [cut_off, emptied, zeroed, Path.unlink]


@pytest.mark.parametrize("spoil", BREAKS)
def test_a_commit_whose_file_is_broken_is_undone_and_done_again(lake, spoil):
    three_commits(lake)
    spoil(data_files(lake)[-1])
    assert lake.repair([STEPS.name]) == ["steps: commit 3 was broken, or built on a broken one, and is undone"]
    table = lake.open(STEPS)
    assert (steps(table), table.position("bucket-0")) == ([1, 2], 2)
    table.append(rows(3), positions={"bucket-0": 3})
    assert steps(lake.open(STEPS)) == [1, 2, 3]


@pytest.mark.parametrize("spoil", BREAKS)
def test_a_commit_whose_own_text_is_broken_is_restored_from_its_copy(lake, spoil):
    three_commits(lake)
    text = entry(lake, 3).read_bytes()
    spoil(entry(lake, 3))
    (restored,) = lake.repair([STEPS.name])
    assert restored.endswith("and is restored")
    assert entry(lake, 3).read_bytes() == text
    assert lake.open(STEPS).position("bucket-0") == 3


@pytest.mark.parametrize("spoil", [cut_off, emptied, zeroed])
def test_a_commit_whose_own_text_is_broken_and_that_has_no_copy_is_undone(lake, spoil):
    three_commits(lake)
    shutil.rmtree(Path(lake.url(STEPS.name), digests.FOLDER))
    spoil(entry(lake, 3))
    lake.repair([STEPS.name])
    assert lake.open(STEPS).position("bucket-0") == 2


def test_a_whole_commit_on_a_broken_one_goes_with_it(lake):
    three_commits(lake)
    cut_off(data_files(lake)[-2])
    assert len(lake.repair([STEPS.name])) == 2
    assert (steps(lake.open(STEPS)), lake.open(STEPS).position("bucket-0")) == ([1], 1)


def test_a_table_whose_making_was_broken_is_made_again(lake):
    lake.open(STEPS)
    emptied(entry(lake, 0))
    lake.repair([STEPS.name])
    assert lake.open(STEPS).version == 0


def test_the_log_is_summed_up_now_and_then_so_that_opening_stays_quick(lake, monkeypatch):
    monkeypatch.setattr("focusflow.lake.tables.CHECKPOINT_COMMITS", 4)
    table = lake.open(STEPS)
    for number in range(1, 10):
        table.append(rows(number), positions={"bucket-0": number})
    summed_up = sorted(path.name[:20] for path in Path(lake.url(STEPS.name)).glob("_delta_log/*.checkpoint.parquet"))
    assert [int(version) for version in summed_up] == [4, 8]
    assert steps(lake.open(STEPS)) == list(range(1, 10))
    assert lake.open(STEPS).position("bucket-0") == 9


def test_a_long_digest_list_is_rewritten_less_often(lake, monkeypatch):
    monkeypatch.setattr("focusflow.lake.tables.CHECKPOINT_COMMITS", 2)
    monkeypatch.setattr("focusflow.lake.tables.BYTES_PER_COMMIT", 100)
    table = lake.open(STEPS)
    for number in range(1, 20):
        table.append(rows(number), positions={})
    summed_up = sorted(
        int(path.name[:20]) for path in Path(lake.url(STEPS.name)).glob("_delta_log/*.checkpoint.parquet")
    )
    pauses = [after - before for before, after in pairwise([0, *summed_up])]
    assert pauses[0] == 2
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4


@pytest.mark.parametrize("pointer", ["whole", "damaged", "missing"])
def test_the_newest_version_is_found_with_and_without_the_pointer_to_a_checkpoint(lake, pointer):
    table = three_commits(lake)
    table.checkpoint()
    table.append(rows(4), positions={})
    last_checkpoint = Path(lake.url(STEPS.name), "_delta_log", "_last_checkpoint")
    if pointer == "damaged":
        last_checkpoint.write_text("{")
    elif pointer == "missing":
        last_checkpoint.unlink()
    assert lake.version(STEPS.name) == 4


def test_the_newest_version_of_a_long_log_is_found_without_listing_it(lake, monkeypatch):
    three_commits(lake).checkpoint()
    monkeypatch.setattr(Path, "iterdir", lambda _: pytest.fail("the log was listed"))
    assert lake.version(STEPS.name) == 3


def test_positions_are_read_from_the_log_once_for_each_version(lake):
    table = three_commits(lake)
    assert table.position("bucket-0") == 3
    shutil.rmtree(Path(lake.url(STEPS.name), "_delta_log"))
    assert table.position("bucket-0") == 3


def test_positions_of_a_commit_by_others_are_read_again(lake):
    ours, theirs = lake.open(STEPS), lake.open(STEPS)
    assert (ours.position("bucket-0"), ours.position("bucket-1")) == (0, 0)
    theirs.append(rows(1, bucket=1), positions={"bucket-1": 1})
    ours.append(rows(1), positions={"bucket-0": 1})
    assert (ours.position("bucket-0"), ours.position("bucket-1")) == (1, 1)


def test_a_checkpoint_of_a_broken_commit_goes_with_it(lake):
    table = three_commits(lake)
    table.delta.create_checkpoint()
    cut_off(data_files(lake)[-1])
    lake.repair([STEPS.name])
    assert lake.open(STEPS).position("bucket-0") == 2


def test_what_is_whole_stays(lake):
    three_commits(lake)
    assert lake.repair([STEPS.name, "gold/nothing"]) == []
    assert steps(lake.open(STEPS)) == [1, 2, 3]


def test_files_that_were_rewritten_and_cleared_away_are_not_missed(lake):
    table = three_commits(lake)
    table.delta.optimize.compact()
    table.delta.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert len(data_files(lake)) == 1
    assert lake.repair([STEPS.name]) == []
    assert steps(lake.open(STEPS)) == [1, 2, 3]


def test_a_commit_is_forced_to_disk_files_before_the_folders_that_name_them(lake, monkeypatch):
    table = lake.open(STEPS)
    forced: list[Path] = []
    monkeypatch.setattr(fsync, "_fsync", forced.append)
    table.append(rows(1), positions={})
    root, file = Path(lake.url(STEPS.name)), data_files(lake)[0]
    assert {file, file.parent, file.parent.parent, entry(lake, 1), root / "_delta_log", root, root.parent} <= set(
        forced
    )
    assert forced.index(file) < forced.index(entry(lake, 1)) < forced.index(file.parent)


def test_a_commit_forces_to_disk_what_it_builds_on(lake, monkeypatch):
    three_commits(lake)
    forced: list[Path] = []
    monkeypatch.setattr(fsync, "_fsync", forced.append)
    lake.open(STEPS).append(rows(4), positions={})
    assert {entry(lake, 3), data_files(lake)[2]} <= set(forced)  # who made it may have been killed before


def test_a_repair_forces_to_disk_what_it_keeps(lake, monkeypatch):
    three_commits(lake)
    forced: list[Path] = []
    monkeypatch.setattr(fsync, "_fsync", forced.append)
    lake.repair([STEPS.name])
    assert {*data_files(lake), *(entry(lake, version) for version in range(4))} <= set(forced)


def test_a_commit_says_where_its_bucket_stands(lake):
    three_commits(lake)
    actions = [json.loads(line) for line in entry(lake, 3).read_text().splitlines()]
    assert [each["txn"]["version"] for each in actions if "txn" in each] == [3]


def test_the_newest_version_is_known_without_opening_the_table(lake):
    assert lake.version(STEPS.name) is None
    three_commits(lake)
    assert lake.version(STEPS.name) == lake.pinned(STEPS.name).version == 3

"""A table of a lake in an S3-compatible store over HTTP: what holds for a folder holds there, too."""

from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pyarrow as pa
import pytest

from focusflow.errors import SetupProblem, Unavailable
from focusflow.lake.data_files import DataFiles
from focusflow.lake.digests import Part
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import CommitConflict, Lake
from focusflow.lake.verification import TableCheck, check, check_files
from focusflow.object_store import ObjectStore
from focusflow.settings import load_settings
from tests.integration.lake.test_lake import STEPS, rows, steps
from tests.integration.object_store import bucket, endpoint, keys

__all__ = ["bucket", "endpoint"]  # fixtures

ADDRESS = "s3://backups/some/lake"


@pytest.fixture
def lake(bucket):
    return opened()


def opened(**settings):
    return Lake.of(load_settings(lake_url=ADDRESS, **settings))


def test_rows_are_read_as_they_stood_at_a_version(lake):
    table = lake.open(STEPS)
    table.append(rows(1), positions={"bucket-0": 1})
    before = lake.pinned(STEPS.name)
    table.append(rows(2, bucket=1, month="2026-04"), positions={"bucket-1": 1})
    assert steps(before) == [1]
    now = opened().open(STEPS)
    assert steps(now) == [1, 2]
    assert steps(now, "bucket = 1") == [2]
    assert (now.position("bucket-0"), now.position("bucket-1")) == (1, 1)
    assert opened().names() == [STEPS.name]
    files = now.files("bucket = 1")
    found = pl.read_parquet(files, storage_options=now.options, hive_partitioning=False)
    assert found["steps"].to_list() == [2]
    kept = DataFiles().rows(now, files)
    assert kept is not None
    assert kept["steps"].to_pylist() == [2]


def test_of_two_writers_at_the_same_position_one_is_refused(lake):
    lake.open(STEPS)
    first, second = opened().open(STEPS), opened().open(STEPS)
    first.append(rows(1), positions={"bucket-0": 1})
    with pytest.raises(CommitConflict):
        second.append(rows(1), positions={"bucket-0": 1})
    other = opened().open(STEPS)
    first.append(rows(2), positions={"bucket-1": 1})
    other.append(rows(3), positions={"bucket-2": 1})  # of other positions both are taken
    assert steps(opened().pinned(STEPS.name)) == [1, 2, 3]


def test_of_many_writers_at_once_each_position_is_written_once(lake):
    lake.open(STEPS)

    def write(writer):
        done = 0
        while (table := opened().open(STEPS)).position("bucket-0") < 5:
            at = table.position("bucket-0")
            try:
                table.append(rows(at), positions={"bucket-0": at + 1})
                done += 1
            except CommitConflict:
                continue
        return done

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(write, range(3))) == 5
    assert steps(opened().pinned(STEPS.name)) == [0, 1, 2, 3, 4]


def test_what_was_written_without_a_commit_is_not_seen_and_is_cleared_away(lake, bucket, monkeypatch):
    table = lake.open(STEPS)
    table.append(rows(1), positions={"bucket-0": 1})
    committed = keys(bucket, ".parquet")
    with monkeypatch.context() as patch:
        patch.setattr("deltalake.DeltaTable.create_write_transaction", killed)
        with pytest.raises(KeyboardInterrupt):
            lake.open(STEPS).exchange([], rows(2), positions={"bucket-0": 2})
    assert len(keys(bucket, ".parquet")) == len(committed) + 1
    now = opened().open(STEPS)
    assert (steps(now), now.position("bucket-0")) == ([1], 1)
    assert now.vacuum(0) == 1
    assert keys(bucket, ".parquet") == committed


def killed(*_, **__):
    raise KeyboardInterrupt


def test_the_newest_version_is_followed_also_of_a_table_that_was_built_again(lake):
    assert lake.version(STEPS.name) is None
    table = lake.open(STEPS)
    assert lake.version(STEPS.name) == 0
    for number in range(3):
        table.append(rows(number), positions={})
    assert lake.version(STEPS.name) == 3
    lake.delete(STEPS.name)
    assert lake.version(STEPS.name) is None
    opened().open(STEPS).append(rows(9), positions={})
    assert lake.version(STEPS.name) == 1


def test_a_process_that_stays_opens_a_table_again_only_when_it_moved(lake):
    lake.open(STEPS).append(rows(1), positions={})
    stays = opened()
    stays.keep_open()
    first = stays.pinned(STEPS.name)
    assert stays.pinned(STEPS.name).delta is first.delta
    lake.open(STEPS).append(rows(2), positions={})
    assert steps(stays.pinned(STEPS.name)) == [1, 2]
    assert steps(first) == [1]


def test_rows_are_exchanged_replaced_and_forgotten(lake, bucket):
    table = lake.open(STEPS)
    table.append(rows(1, 2), positions={})
    (path,) = table.sizes()
    table.exchange([path], rows(3), positions={})
    assert steps(opened().pinned(STEPS.name)) == [3]
    table.replace(rows(4, 5), where="month = '2026-03' and bucket = 0", positions={})
    assert table.forget("steps = 4", positions={}) == 1
    assert steps(opened().pinned(STEPS.name)) == [5]
    assert table.vacuum(0) == 3
    assert table.truncate_log() > 0
    assert len(keys(bucket, "_delta_log/0")) == 2  # the newest entry, and what sums the others up
    assert steps(opened().pinned(STEPS.name)) == [5]
    table.append(rows(6), positions={})
    assert steps(opened().pinned(STEPS.name)) == [5, 6]


def test_small_files_are_compacted_and_the_log_is_summed_up(lake, bucket):
    table = lake.open(STEPS)
    for number in range(11):
        table.append(rows(number), positions={"bucket-0": number + 1})
    assert table.compact() == 11
    table.checkpoint()
    assert keys(bucket, "checkpoint.parquet")
    now = opened().open(STEPS)
    assert (steps(now), now.position("bucket-0")) == ([*range(11)], 11)


def checked(lake, *, is_deep=True) -> TableCheck:
    found = check(lake, STEPS.name, is_deep=is_deep)
    assert found is not None
    return found


def test_files_that_are_missing_cut_off_or_cannot_be_read_are_found(lake, bucket):
    table = lake.open(STEPS)
    for number in range(4):
        table.append(rows(number), positions={})
    assert checked(lake).is_whole
    gone, short, broken, _ = sorted(keys(bucket, ".parquet"))
    content = bucket.Object(broken).get()["Body"].read()
    bucket.Object(gone).delete()
    bucket.Object(short).put(Body=content[:-5])
    bucket.Object(broken).put(Body=bytes([*content[:-1], 0]))
    found = {each.path.rpartition("/")[2]: each.what for each in checked(lake).damages}
    assert found == {
        gone.rpartition("/")[2]: "is missing",
        short.rpartition("/")[2]: "has another length",
        broken.rpartition("/")[2]: "cannot be read",
    }
    assert len(checked(lake, is_deep=False).damages) == 2
    assert {each.part for each in check_files(table, table.sizes())} == {Part.DATA}


def test_a_small_file_is_fetched_once_and_of_a_large_one_what_is_asked_for(lake, bucket, monkeypatch):
    table = lake.open(STEPS)
    table.append(rows(1), positions={})
    numbers = list(range(400_000))
    random = pa.array([each * 2_654_435_761 % 2**61 for each in numbers], pa.int64())
    large = pa.table({"bucket": pa.array([1] * len(numbers), pa.int16()), "month": ["2026-03"] * len(numbers), "user_id": ["ada"] * len(numbers), "steps": random, "days": pa.array([[]] * len(numbers), pa.list_(pa.date32())), "at": pa.nulls(len(numbers), pa.timestamp("us", "UTC"))})  # fmt: skip
    table.append(large, positions={})
    session = duckdb_session()
    query = f"select count(*), sum(steps) from {table.scan()}"
    assert session.row(query) == (400_001, sum(random.to_pylist()) + 1)
    fetched, answers = [], ObjectStore.answers

    def noted(self, path):
        fetched.append(path)
        return answers(self, path)

    monkeypatch.setattr(ObjectStore, "answers", noted)
    session.row(query)
    assert {path for path in fetched if "bucket=0" in path} == set()
    assert {path for path in fetched if "bucket=1" in path} != set()


def test_a_place_that_cannot_be_used_is_named(bucket, endpoint, monkeypatch):
    for address in ("gs://bucket/lake", "file:///tmp/lake"):
        with pytest.raises(SetupProblem, match=r"s3://bucket/folder"):
            Lake.of(load_settings(lake_url=address))
    with pytest.raises(SetupProblem, match="names no bucket"):
        Lake.of(load_settings(lake_url="s3://"))
    nowhere = Lake.of(load_settings(lake_url="s3://nowhere/lake"))
    with pytest.raises(Unavailable, match="FOCUSFLOW_S3_ENDPOINT"):
        nowhere.open(STEPS)
    monkeypatch.setattr("focusflow.object_store.RETRIES", 0)
    monkeypatch.setenv("FOCUSFLOW_S3_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="FOCUSFLOW_S3_ENDPOINT"):
        opened().open(STEPS)


def test_a_store_is_found_by_the_names_that_others_use(bucket, endpoint, monkeypatch):
    for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"):
        monkeypatch.delenv(f"FOCUSFLOW_S3_{name}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    table = opened().open(STEPS)
    table.append(rows(1), positions={})
    assert steps(opened().pinned(STEPS.name)) == [1]
    assert keys(bucket, "some/lake/gold/steps/month=2026-03/bucket=0/")


def test_positions_are_found_in_the_checkpoint_and_in_the_entries_after_it(lake):
    table = lake.open(STEPS)
    table.append(rows(1), positions={"bucket-0": 3, "bucket-1": 1})
    old = opened().open(STEPS)
    table.append(rows(2), positions={"bucket-1": 2})
    table.checkpoint()
    table.append(rows(3), positions={"bucket-2": 7, "kept-0": 2})
    now = opened().open(STEPS)
    keys = ("bucket-0", "bucket-1", "bucket-2", "bucket-3", "kept-0", "other")
    assert [now.position(key) for key in keys] == [3, 2, 7, 0, 2, 0]
    assert [old.position(key) for key in keys] == [3, 1, 0, 0, 0, 0]  # its log was summed up since

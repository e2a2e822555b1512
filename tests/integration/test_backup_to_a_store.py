"""Backups in an S3-compatible store over HTTP: the same as in a folder, also where the connection or the process ends in the middle."""

import pytest

from focusflow.backup import FILES, backups
from focusflow.backup_files import BackupDamaged
from focusflow.backup_places import StorePlace
from focusflow.errors import SetupProblem, Unavailable
from focusflow.lake.tables import Lake
from focusflow.settings import load_settings
from tests.integration.ingestion.conftest import raw_rows_of
from tests.integration.object_store import bucket, endpoint, keys
from tests.integration.test_backup import KEY, accepted, empty_url, home, run

__all__ = ["bucket", "empty_url", "endpoint", "home", "run"]  # fixtures

ADDRESS = "s3://backups/focusflow"


def place():
    return StorePlace.of(ADDRESS, load_settings())


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_what_is_backed_up_to_a_store_is_restored_from_it(run, home, empty_url, bucket, key):
    with pytest.MonkeyPatch.context() as patch:
        if key:
            patch.setenv("FOCUSFLOW_BACKUP_KEY", key)
        assert_backed_up_and_restored(run, home, empty_url)
    assert bool(key) is not any(b"PAR1" in each.get()["Body"].read() for each in bucket.objects.all())


def assert_backed_up_and_restored(run, home, empty_url):
    other = home.folder.with_name("restored")
    made = run(home.folder, home.url, "backup", ADDRESS)
    assert made.exit_code == 0, made.output
    assert f"{ADDRESS}/20" in made.output
    assert run(home.folder, home.url, "restore", ADDRESS, "--check").exit_code == 0
    restored = run(other, empty_url, "restore", ADDRESS)
    assert restored.exit_code == 0, restored.output
    assert "Nothing is lost, nothing is doubled" in restored.output
    assert {row[2] for row in raw_rows_of(Lake(str(other / "lake")))} == accepted(home.database)


def test_the_next_backup_uploads_new_files_only_and_keep_deletes_old_backups(run, home, bucket, monkeypatch):
    run(home.folder, home.url, "backup", ADDRESS)
    first = {each.key: each.last_modified for each in bucket.objects.all() if f"/{FILES}/" in each.key}
    home.accept()
    home.land()
    assert run(home.folder, home.url, "backup", ADDRESS, "--keep", "1").exit_code == 0
    both = {each.key: each.last_modified for each in bucket.objects.all() if f"/{FILES}/" in each.key}
    assert {
        key: both[key] for key in first
    } == first  # younger than a day: another installation may be about to list them
    assert len(both) > len(first)
    assert len(backups(place())) == 1
    assert run(home.folder, home.url, "restore", ADDRESS, "--check").exit_code == 0


class Killed(BaseException):
    """As if the process had ended: nothing is cleared away."""


@pytest.mark.parametrize("nth", [1, 4, 11])
def test_a_backup_that_is_killed_does_not_count_and_the_next_one_is_whole(run, home, bucket, monkeypatch, nth):
    write, calls = StorePlace.write, iter(range(1, 1_000))

    def killed(self, path, content):
        if next(calls) == nth:
            raise Killed
        write(self, path, content)

    with monkeypatch.context() as patch:
        patch.setattr(StorePlace, "write", killed)
        patch.setattr(StorePlace, "delete_folder", lambda *_: None)
        with pytest.raises(Killed):
            run(home.folder, home.url, "backup", ADDRESS)
    assert backups(place()) == []
    assert run(home.folder, home.url, "backup", ADDRESS).exit_code == 0
    assert run(home.folder, home.url, "restore", ADDRESS, "--check").exit_code == 0


def test_a_content_that_breaks_off_leaves_no_file(bucket):
    def content():
        yield b"begun"
        raise OSError

    with pytest.raises(OSError):
        place().write("files/x", content())
    assert keys(bucket) == set()


def test_a_file_that_changed_in_the_store_is_refused_by_name(run, home, tmp_path, empty_url, bucket):
    run(home.folder, home.url, "backup", ADDRESS)
    damaged = max(keys(bucket, f"/{FILES}/"))
    content = bytearray(bucket.Object(damaged).get()["Body"].read())
    content[len(content) // 2] ^= 1
    bucket.Object(damaged).put(Body=bytes(content))
    with pytest.raises(BackupDamaged, match=damaged.rpartition("/")[2]):
        run(tmp_path / "restored", empty_url, "restore", ADDRESS)
    assert not (tmp_path / "restored" / "lake").exists()


def test_a_store_that_cannot_be_used_is_named(run, home, bucket, monkeypatch):
    with pytest.raises(Unavailable, match="s3://nowhere/focusflow"):
        run(home.folder, home.url, "backup", "s3://nowhere/focusflow")
    with pytest.raises(SetupProblem, match="names no bucket"):
        run(home.folder, home.url, "backup", "s3://")
    assert keys(bucket) == set()

"""An encrypted file of a backup gives back what was written, or is refused."""

import pytest

from focusflow.backup_files import BackupDamaged, BackupFiles
from focusflow.backup_places import CHUNK, FolderPlace

KEY = bytes(range(32))
CHUNK_SIZE = 32 + CHUNK + 16  # a salt, and a chunk with its tag


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_a_file_of_any_size_is_read_as_it_was_written(tmp_path, size):
    content = bytes(size)
    files = BackupFiles(FolderPlace(tmp_path), "files", KEY)
    written = files.write("a/b", [content[:10], content[10:]])
    assert b"".join(files.read("a/b")) == content
    assert files.digest("a/b") == written
    assert (tmp_path / "files" / "a" / "b").read_bytes().find(bytes(32)) == -1


def changed(sealed, other):
    salt, first, second, last = (
        sealed[:32],
        sealed[32:CHUNK_SIZE],
        sealed[CHUNK_SIZE : 2 * CHUNK_SIZE - 32],
        sealed[2 * CHUNK_SIZE - 32 :],
    )
    return [
        salt + first, sealed[:-1], salt, b"", other, salt + second + first + last,
        sealed[:100] + bytes([sealed[100] ^ 1]) + sealed[101:],
    ]  # fmt: skip


def test_a_file_that_was_cut_off_changed_or_exchanged_is_refused_by_name(tmp_path):
    files, stored = BackupFiles(FolderPlace(tmp_path), "files", KEY), tmp_path / "files"
    for path in ("a", "b"):
        files.write(path, [bytes(2 * CHUNK + 5)])
    for content in changed((stored / "a").read_bytes(), (stored / "b").read_bytes()):
        (stored / "a").write_bytes(content)
        with pytest.raises(BackupDamaged, match="files/a"):
            files.digest("a")

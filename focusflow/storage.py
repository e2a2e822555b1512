"""Checks for free space on the disks that the platform writes to, and forces files to them."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from focusflow.errors import StorageFull

FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: Below this PostgreSQL may fail to create its next 16 MiB segment of the write-ahead log, and stops.
FLOOR_BYTES = 64 << 20

PROBE = bytes(4096)


def is_full(error: OSError) -> bool:
    return error.errno in FULL_ERRORS


def fsync(path: Path) -> None:
    """Force a file or the entries of a folder to disk, so that they survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_room(folders: Iterable[Path], floor_bytes: int = FLOOR_BYTES) -> None:
    """Raise where a disk is nearly full. A file is written too, because free space does not show a quota."""
    for folder in folders:
        if not folder.is_dir():
            continue
        free = shutil.disk_usage(folder).free
        if free < floor_bytes:
            raise StorageFull(
                f"The disk of {folder} is full: {free >> 20} MiB are free, {floor_bytes >> 20} are needed."
            )
        try:
            _write(folder)
        except OSError as error:
            if not is_full(error):
                raise
            raise StorageFull(f"The disk of {folder} is full: nothing can be written there.") from error


def _write(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(PROBE)
        file.flush()
        os.fsync(file.fileno())

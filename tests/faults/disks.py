"""Disks that are soon full."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A folder that holds so much. It needs root, so some machines go without its tests; CI does not."""
    with tempfile.TemporaryDirectory(prefix="focusflow-small-") as folder:
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder]
        try:
            subprocess.run(mounting, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"No small disk can be mounted here: {error}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)

"""What makes a commit of the lake survive a power cut. Delta Lake's library does not fsync; a file that was only renamed may be gone."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow.parquet as pq


def settle(table_uri: str, versions: Iterable[int]) -> None:
    """Force commits to disk: their data files, their log entries, then every folder that names one of them."""
    if urlsplit(table_uri).scheme not in ("", "file"):
        return  # an object store answers only when it is durable
    root = Path(unquote(urlsplit(table_uri).path))
    folders = {root, root.parent, root / "_delta_log"}
    for version in versions:
        entry = _entry(root, version)
        for path in [root / unquote(name) for name in _added(entry)]:
            _fsync(path)
            folders.update(parent for parent in path.parents if root in parent.parents)
        _fsync(entry)
    for folder in folders:
        _fsync(folder)


def drop_broken_commits(root: Path) -> list[str]:
    """Remove the newest log entries whose own text or files cannot be read, newest first, and tell each."""
    told = []
    for entry in sorted(root.glob("_delta_log/*.json"), reverse=True):
        if int(entry.stem) == 0 or _is_whole(root, entry):
            break
        entry.unlink()
        told.append(f"{root.name}: commit {int(entry.stem)} was broken and is undone")
    if told:
        _fsync(root / "_delta_log")
    return told


def _is_whole(root: Path, entry: Path) -> bool:
    try:
        for name in _added(entry):
            pq.read_metadata(root / unquote(name))
    except (OSError, ValueError, KeyError):  # pyarrow's ArrowInvalid is a ValueError, and so is broken JSON
        return False
    return entry.stat().st_size > 0


def _added(entry: Path) -> Iterator[str]:
    for line in entry.read_text(encoding="utf-8").splitlines():
        action = json.loads(line)
        if "add" in action:
            yield action["add"]["path"]


def _entry(root: Path, version: int) -> Path:
    return root / "_delta_log" / f"{version:020}.json"


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

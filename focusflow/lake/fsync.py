"""What makes a commit of the lake survive a power cut. Delta Lake's library does not fsync; a file that was only renamed may be gone."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from focusflow import storage
from focusflow.clock import now
from focusflow.errors import SetupProblem
from focusflow.lake import digests
from focusflow.object_store import ObjectStore, path_of

#: By a name of this module, so that a test can see what is forced to disk, and leave it out.
_fsync = storage.fsync

TAIL = 32  # commits that a start looks at; older ones were settled by those who built on them
BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
)  # pyarrow's ArrowInvalid is a ValueError, and so are broken JSON and UTF-8


def fsync_commit(table_uri: str, versions: Iterable[int], *, is_new: bool = True) -> None:
    """Force commits to disk: their data files, their log entries, then every folder that names one of them. The digests of what is new
    are recorded first, and held against what the disk has afterwards.
    """
    if urlsplit(table_uri).scheme not in ("", "file"):
        return  # an object store answers only when it is durable
    root = Path(unquote(urlsplit(table_uri).path))
    versions = list(versions)
    recorded = digests.record(root, versions, is_new=is_new) if is_new or digests.is_kept(root) else {}
    folders = {root, root.parent, root / "_delta_log"}
    for version in versions:
        entry = _entry(root, version)
        if not entry.exists():
            continue  # an old one that a checkpoint has replaced
        for path in [root / added.path for added in _read(entry).added]:
            if path.exists():  # else it was rewritten since, and cleared away
                _fsync(path)
                folders.update(parent for parent in path.parents if root in parent.parents)
        _fsync(entry)
    if digests.is_kept(root):
        _fsync(root / digests.FOLDER / digests.COMMITS)
        folders.add(root / digests.FOLDER)
    for folder in folders:
        _fsync(folder)
    for path, expected in recorded.items():
        if digests.read_back(path) != expected:
            raise SetupProblem(
                f"The disk of the lake gave back other bytes than were written to {path}. Check the disk, then run"
                " `focusflow verify --deep --repair`."
            )


def fsync_checkpoint(table_uri: str, version: int, live: Iterable[str]) -> None:
    """Force a checkpoint to disk before the entries that it sums up may go, and record it with the digests of the files that are read."""
    if urlsplit(table_uri).scheme not in ("", "file"):
        return
    root = Path(unquote(urlsplit(table_uri).path))
    log = root / "_delta_log"
    digests.record_checkpoint(root, version, live)
    for path in [*log.glob(f"{version:020}.checkpoint*"), log / "_last_checkpoint", log, root / digests.FOLDER]:
        if path.exists():
            _fsync(path)


def milliseconds() -> int:
    """Now, as the log writes it."""
    return int(now().timestamp() * 1000)


def write_data_file(table_uri: str, rows: pa.Table, divided_by: Sequence[str], store: ObjectStore | None) -> AddAction:
    """Write the rows of one partition as a file that no commit names yet."""
    partition = {name: str(rows[name][0].as_py()) for name in divided_by}
    path = "/".join([*(f"{name}={value}" for name, value in partition.items()), f"part-{uuid4()}.parquet"])
    content = BytesIO()
    pq.write_table(rows.drop_columns(list(divided_by)), content, row_group_size=65_536)
    if store:
        store.write(f"{path_of(table_uri)}/{path}", content.getvalue())
    else:
        file = Path(unquote(urlsplit(table_uri).path)) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.getvalue())
    stats: dict[str, Any] = {"numRecords": len(rows)}
    if "log_offset" in rows.column_names:
        ends = pc.min_max(rows["log_offset"]).as_py()
        stats |= {"minValues": {"log_offset": ends["min"]}, "maxValues": {"log_offset": ends["max"]}}
    return AddAction(path, content.getbuffer().nbytes, partition, milliseconds(), True, json.dumps(stats))


def drop_broken_commits(root: Path) -> list[str]:
    """Undo the oldest broken one of the newest commits and all that build on it, newest first; then force to disk what stays. What the
    log has lost since its last checkpoint is put back from its copy before.

    Broken is a commit whose own text or whose files cannot be read. A whole commit may follow it: two processes that were
    killed one after the other leave two commits that nobody forced to disk, and the power cut takes either.
    """
    restored = [f"{root.name}: {each}, and is restored" for each in digests.restore_log(root, is_recent=True)]
    _drop_broken_checkpoint(root)
    entries = sorted(root.glob(f"_delta_log/{'[0-9]' * 20}.json"))[-TAIL:]
    first_broken, removed = len(entries), set[str]()
    for place, entry in reversed(list(enumerate(entries))):
        try:
            commit = _read(entry)
            _check_files(root, [added for added in commit.added if added.path not in removed])
            removed |= commit.removed
        except BROKEN:
            first_broken = place
    kept, undone = entries[:first_broken], entries[first_broken:]
    for entry in reversed(undone):
        entry.unlink()
    if undone:
        _drop_checkpoints(root, int(undone[0].stem))
        digests.undo(root, int(undone[0].stem))
    if entries:
        fsync_commit(str(root), [int(entry.stem) for entry in kept], is_new=False)
    return restored + [
        f"{root.name}: commit {int(entry.stem)} was broken, or built on a broken one, and is undone" for entry in undone
    ]


@dataclass(frozen=True, slots=True)
class _Added:
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class _Commit:
    added: list[_Added]
    removed: set[str]


def _read(entry: Path) -> _Commit:
    actions = [json.loads(line) for line in entry.read_text(encoding="utf-8").splitlines()]
    if not actions:
        raise ValueError(f"{entry} is empty")
    return _Commit(
        [_Added(unquote(each["add"]["path"]), each["add"]["size"]) for each in actions if "add" in each],
        {unquote(each["remove"]["path"]) for each in actions if "remove" in each},
    )


def _check_files(root: Path, files: Iterable[_Added]) -> None:
    for file in files:
        if (root / file.path).stat().st_size != file.size:
            raise ValueError(f"{file.path} is cut off")
        pq.read_metadata(root / file.path)  # its end must be readable: a file can have its length and no content


def _drop_broken_checkpoint(root: Path) -> None:
    """The newest one may have been cut off. The entries that it sums up are still there: they go only when it is on the disk."""
    newest = max(root.glob(f"_delta_log/{'[0-9]' * 20}.checkpoint.parquet"), default=None)
    try:
        if newest:
            pq.read_table(newest, columns=["protocol"])
        if (pointer := root / "_delta_log" / "_last_checkpoint").exists():
            json.loads(pointer.read_text(encoding="utf-8"))
    except BROKEN:
        _drop_checkpoints(root, int(newest.name.partition(".")[0]) if newest else 0)
        (root / "_delta_log" / "_last_checkpoint").unlink(missing_ok=True)


def _drop_checkpoints(root: Path, version: int) -> None:
    """A checkpoint made of a commit that is undone would bring it back."""
    log = root / "_delta_log"
    for checkpoint in log.glob(f"{'[0-9]' * 20}.checkpoint*"):
        if int(checkpoint.name.partition(".")[0]) >= version:
            (log / "_last_checkpoint").unlink(missing_ok=True)
            checkpoint.unlink()


def _entry(root: Path, version: int) -> Path:
    return root / "_delta_log" / f"{version:020}.json"

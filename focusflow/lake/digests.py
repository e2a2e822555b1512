"""SHA-256 digests of a table's files and a second copy of its log since the last checkpoint, so that what has changed on the disk is found
and the log can be restored.

`_digests/commits.jsonl` gets one line per commit: the digest and the text of its log entry, and the digests of the data files that it adds.
A checkpoint moves the digests of older files to `base.jsonl`, and its own copy lies beside them. Each line begins with its own checksum.
Writers append under a lock. Readers of the table never look here.
"""

import fcntl
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import unquote

FOLDER, COMMITS, BASE = "_digests", "commits.jsonl", "base.jsonl"
LAST_CHECKPOINT = "_last_checkpoint"
CHUNK = 1 << 20

#: The start of a line, enough to know which commits are recorded without parsing copies of log entries.
HEAD = re.compile(
    rb'^[0-9a-f]{8} \{(?:"version":(?P<version>\d+),"sha256":"(?P<sha256>[0-9a-f]{64})"|"undone":(?P<undone>\d+))',
    re.MULTILINE,
)
ENTRY = re.compile(r"(\d{20})\.json")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint.*")


class Part(Enum):
    """What part of a table a file is."""

    DATA = "data file"
    ENTRY = "log entry"
    CHECKPOINT = "checkpoint"
    DIGESTS = "digest list"


@dataclass(frozen=True, slots=True)
class Digest:
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that is not as it was written; its path is relative to the table."""

    part: Part
    path: str
    what: str  # "is missing", "has another length", "has other content", "cannot be read"

    def __str__(self) -> str:
        return f"the {self.part.value} {self.path} {self.what}"


@dataclass(slots=True)
class Recorded:
    """What the digest list says."""

    files: dict[str, Digest] = field(default_factory=dict)  # also some that were removed since
    entries: dict[int, Digest] = field(default_factory=dict)
    commits: dict[int, dict[str, Any]] = field(default_factory=dict)  # the lines of those since the last checkpoint
    checkpoints: dict[str, Digest] = field(default_factory=dict)
    broken_lines: int = 0


def digest(path: Path) -> Digest:
    sha256, size = hashlib.sha256(), 0
    for chunk in _chunks(path):
        sha256.update(chunk)
        size += len(chunk)
    return Digest(sha256.hexdigest(), size)


def is_kept(root: Path) -> bool:
    """Whether a table has a digest list: one that was made by an older version has none until it is written or adopted."""
    return (root / FOLDER / COMMITS).exists()


def list_bytes(root: Path) -> int:
    """The size of what a checkpoint rewrites: a line for each file and each log entry before it."""
    try:
        return (root / FOLDER / BASE).stat().st_size
    except FileNotFoundError:
        return 0


def record(root: Path, versions: Iterable[int], *, is_new: bool = True) -> dict[Path, Digest]:
    """Record commits that are not recorded, and where they are new also over one that had the number and was lost. Returns the data
    files with their digests.
    """
    with _locked(root):
        commits = root / FOLDER / COMMITS
        known = _known_commits(commits)
        lines, recorded = [], dict[Path, Digest]()
        for place, version in enumerate(versions):
            entry = log_entry(root, version)
            if (known and version < min(known)) or not entry.exists():
                continue
            text = entry.read_bytes()
            sha256 = hashlib.sha256(text).hexdigest()
            if version in known and (known[version] == sha256 or place == 0 or not is_new):
                continue
            if version in known:  # the commit that had this number was lost before this one was made
                lines.append(_line({"undone": version}))
            added = [path for path in added_files(text.decode()) if (root / path).exists()]  # else cleared away since
            files = {path: digest(root / path) for path in added}
            lines.append(_commit_line(version, text, files))
            recorded |= {root / path: each for path, each in files.items()}
        if lines:
            _append(commits, lines)
    return recorded


def undo(root: Path, version: int) -> None:
    """Forget a commit and all after it: they were broken, and are made again."""
    if is_kept(root):
        with _locked(root):
            _append(root / FOLDER / COMMITS, [_line({"undone": version})])


def log_files(root: Path) -> set[str]:
    return {path.name for path in (root / "_delta_log").iterdir()}


def forget(root: Path, names: Iterable[str]) -> None:
    """Expect files of the log no more: they were cleared away, for a checkpoint has what they said."""
    if is_kept(root) and (gone := sorted(names)):
        with _locked(root):
            _append(root / FOLDER / COMMITS, [_line({"gone": gone})])


def record_checkpoint(root: Path, version: int, live: Iterable[str]) -> None:
    """Record the checkpoint of a version, keep a copy of it, and forget what is needed no more."""
    log, folder = root / "_delta_log", root / FOLDER
    with _locked(root):
        recorded = read(root)
        named = [path for path in log.iterdir() if _version_of_checkpoint(path) == version]
        for path in [*named, *([log / LAST_CHECKPOINT] if (log / LAST_CHECKPOINT).exists() else [])]:
            _replace(_copy(root, path.name), path.read_bytes())
            recorded.checkpoints[path.name] = digest(path)
        kept = {path.name for path in log.iterdir()}
        wanted = set(live)
        base = [{"file": path, **_named(each)} for path, each in recorded.files.items() if path in wanted]
        base += [{"checkpoint": name, **_named(each)} for name, each in recorded.checkpoints.items() if name in kept]
        old = {each: digest for each, digest in recorded.entries.items() if each < version}
        base += [{"entry": each, **_named(digest)} for each, digest in old.items()]
        newer = {each: line for each, line in recorded.commits.items() if each >= version}
        newer = newer or _newest(root)
        _replace(folder / BASE, b"".join(map(_line, base)))
        _replace(folder / COMMITS, b"".join(map(_line, newer.values())))
        copies = {_copy(root, name) for name in (*(path.name for path in named), LAST_CHECKPOINT)}
        for path in folder.glob("*.copy"):
            if path not in copies:
                path.unlink()


def adopt(root: Path, live: Iterable[str]) -> int:
    """Record as they are the files that have no digest: trust on first use. Returns how many data files those were."""
    with _locked(root):
        recorded, log = read(root), root / "_delta_log"
        fresh = [path for path in live if path not in recorded.files and (root / path).exists()]
        lines = [{"file": path, **_named(digest(root / path))} for path in fresh]
        for path in sorted(log.iterdir()):
            if (entry := ENTRY.fullmatch(path.name)) and int(entry[1]) not in recorded.entries:
                lines.append({"entry": int(entry[1]), **_named(digest(path))})
            elif (CHECKPOINT.fullmatch(path.name) or path.name == LAST_CHECKPOINT) and path.name not in recorded.checkpoints:  # fmt: skip
                lines.append({"checkpoint": path.name, **_named(digest(path))})
        if lines or recorded.broken_lines:
            base = [line for line in _lines(root / FOLDER / BASE) if line]
            _replace(root / FOLDER / BASE, b"".join(map(_line, [*base, *lines])))
        commits = recorded.commits or _newest(root)
        if recorded.broken_lines or not recorded.commits:
            _replace(root / FOLDER / COMMITS, b"".join(map(_line, commits.values())))
    return len(fresh)


def _newest(root: Path) -> dict[int, dict[str, Any]]:
    """A line for the newest commit whose files are listed elsewhere: it says from where on commits are recorded."""
    version = max(_entries(root), default=None)
    if version is None:
        return {}
    text = log_entry(root, version).read_bytes()
    return {version: json.loads(_commit_line(version, text, {}).partition(b" ")[2])}


def read(root: Path) -> Recorded:
    """What is recorded of a table; nothing where it has no digest list."""
    recorded = Recorded()
    for line in (*_lines(root / FOLDER / BASE), *_lines(root / FOLDER / COMMITS)):
        match line:
            case {"file": path, "sha256": sha256, "size": size}:
                recorded.files[path] = Digest(sha256, size)
            case {"entry": version, "sha256": sha256, "size": size}:
                recorded.entries.setdefault(version, Digest(sha256, size))
            case {"checkpoint": name, "sha256": sha256, "size": size}:
                recorded.checkpoints[name] = Digest(sha256, size)
            case {"version": version, "sha256": sha256, "size": size, "files": files}:
                recorded.entries[version] = Digest(sha256, size)
                recorded.commits[version] = line
                recorded.files |= {path: Digest(*each) for path, each in files.items()}
            case {"undone": first}:
                _undo(recorded, first)
            case {"gone": names}:
                for name in names:
                    recorded.checkpoints.pop(name, None)
                    if found := ENTRY.fullmatch(name):
                        recorded.entries.pop(int(found[1]), None)
            case _:
                recorded.broken_lines += 1
    return recorded


def check_file(root: Path, path: str, size: int, expected: Digest | None) -> Damage | None:
    """Read a data file and hold it against its digest; without one, its length alone."""
    try:
        if (root / path).stat().st_size != size:
            return Damage(Part.DATA, path, "has another length")
        if expected and digest(root / path) != expected:
            return Damage(Part.DATA, path, "has other content")
    except FileNotFoundError:
        return Damage(Part.DATA, path, "is missing")
    except OSError:
        return Damage(Part.DATA, path, "cannot be read")
    return None


def check_log(root: Path, *, is_recent: bool = False) -> list[Damage]:
    """Hold the log against the digest list, and see whether a number is missing in it; or only what came since the last checkpoint."""
    log, recorded = root / "_delta_log", read(root)
    numbers = [*_entries(root), *recorded.entries]
    # Without a checkpoint the log begins at its beginning.
    first = min(numbers, default=0) if recorded.checkpoints or _checkpoints(root) else 0
    if is_recent:
        first = max(first, min(recorded.commits, default=0))
    damages = []
    if recorded.broken_lines:
        damages.append(Damage(Part.DIGESTS, FOLDER, f"has {recorded.broken_lines} lines that cannot be read"))
    for name, expected in recorded.checkpoints.items():
        if what := _differs(log / name, expected):
            damages.append(Damage(Part.CHECKPOINT, f"_delta_log/{name}", what))
    for version in range(first, max(numbers, default=-1) + 1):
        path = log_entry(root, version)
        what = _differs(path, recorded.entries.get(version))
        if what is None and version not in recorded.entries:
            what = _unreadable(path)
        if what:
            damages.append(Damage(Part.ENTRY, f"_delta_log/{path.name}", what))
    return damages


def restore_log(root: Path, *, is_recent: bool = False) -> list[Damage]:
    """Put back the checkpoint and the log entries that are damaged, from their copies. Returns what was put back."""
    if not is_kept(root):
        return []
    with _locked(root):
        return [each for each in check_log(root, is_recent=is_recent) if _restore(root, each, read(root))]


def _restore(root: Path, damage: Damage, recorded: Recorded) -> bool:
    path = root / damage.path
    if damage.part is Part.CHECKPOINT:
        return _restore_checkpoint(root, path, recorded)
    return damage.part is Part.ENTRY and _restore_entry(root, path, recorded, is_missing=damage.what == "is missing")


def _restore_checkpoint(root: Path, path: Path, recorded: Recorded) -> bool:
    copy, expected = _copy(root, path.name), recorded.checkpoints.get(path.name)
    if expected is None:
        return True  # it went with the checkpoint that it names
    if _differs(copy, expected) is None:
        _replace(path, copy.read_bytes())
        return True
    return _drop_checkpoint(root, path)


def _restore_entry(root: Path, path: Path, recorded: Recorded, *, is_missing: bool) -> bool:
    version = int(path.stem)
    text = recorded.commits.get(version, {"text": ""})["text"].encode()
    expected = recorded.entries.get(version)
    if expected and hashlib.sha256(text).hexdigest() == expected.sha256:
        _replace(path, text, is_new=is_missing)
        return True
    if not any(each >= version and not _differs_recorded(root, each, recorded) for each in _checkpoints(root)):
        return False
    # A checkpoint has what it said: the log begins after it, as when old entries are cleared away.
    older = [log_entry(root, each) for each in {*_entries(root), *recorded.entries} if each <= version]
    for each in older:
        each.unlink(missing_ok=True)
    _append(root / FOLDER / COMMITS, [_line({"gone": sorted(each.name for each in older)})])
    return True


def _drop_checkpoint(root: Path, path: Path) -> bool:
    """One without a copy may go where the entries that it stands for are there."""
    if path.name == LAST_CHECKPOINT:
        path.unlink(missing_ok=True)  # it only saves a look into the folder
    else:
        version = _version_of_checkpoint(path)
        assert version is not None
        older = [each for each in _checkpoints(root) if each < version]
        if not all(log_entry(root, each).exists() for each in range(max(older, default=0), version)):
            return False
        path.unlink(missing_ok=True)
        (path.parent / LAST_CHECKPOINT).unlink(missing_ok=True)
    _append(root / FOLDER / COMMITS, [_line({"gone": [path.name, LAST_CHECKPOINT]})])
    return True


def added_files(text: str) -> Mapping[str, int]:
    """The data files that a log entry adds, with their sizes."""
    actions = [json.loads(line) for line in text.splitlines()]
    return {unquote(each["add"]["path"]): each["add"]["size"] for each in actions if "add" in each}


def read_back(path: Path) -> Digest:
    """The digest of a file as the disk has it: what the system keeps of it in memory is dropped first."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return digest(path)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _differs(path: Path, expected: Digest | None) -> str | None:
    try:
        found = digest(path)
    except FileNotFoundError:
        return "is missing"
    except OSError:
        return "cannot be read"
    if expected is None or found == expected:
        return None
    return "has another length" if found.size != expected.size else "has other content"


def _differs_recorded(root: Path, version: int, recorded: Recorded) -> str | None:
    """Whether a checkpoint is damaged."""
    named = {name: each for name, each in recorded.checkpoints.items() if name.startswith(f"{version:020}.")}
    return next((what for name, each in named.items() if (what := _differs(root / "_delta_log" / name, each))), None)


def _unreadable(path: Path) -> str | None:
    """Of an entry without a digest it can only be said whether it can be read."""
    try:
        added_files(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return "cannot be read"
    return None


def _undo(recorded: Recorded, first: int) -> None:
    recorded.entries = {version: each for version, each in recorded.entries.items() if version < first}
    recorded.commits = {version: each for version, each in recorded.commits.items() if version < first}
    recorded.checkpoints = {
        name: each
        for name, each in recorded.checkpoints.items()
        if (found := CHECKPOINT.fullmatch(name)) and int(found[1]) < first
    }


def _known_commits(commits: Path) -> dict[int, str]:
    known: dict[int, str] = {}
    if commits.exists():
        for found in HEAD.finditer(commits.read_bytes()):
            if found["undone"]:
                known = {version: each for version, each in known.items() if version < int(found["undone"])}
            else:
                known[int(found["version"])] = found["sha256"].decode()
    return known


def _entries(root: Path) -> list[int]:
    return [int(found[1]) for path in (root / "_delta_log").glob("*.json") if (found := ENTRY.fullmatch(path.name))]


def _checkpoints(root: Path) -> list[int]:
    versions = map(_version_of_checkpoint, (root / "_delta_log").glob("*.checkpoint*"))
    return sorted({each for each in versions if each is not None})


def _version_of_checkpoint(path: Path) -> int | None:
    found = CHECKPOINT.fullmatch(path.name)
    return int(found[1]) if found else None


def _copy(root: Path, name: str) -> Path:
    """Not called like a data file, for those who look for these by their names."""
    return root / FOLDER / f"{name}.copy"


def number_of(name: str) -> int | None:
    """The version that a file of the log is about."""
    found = ENTRY.fullmatch(name) or CHECKPOINT.fullmatch(name)
    return int(found[1]) if found else None


def log_entry(root: Path, version: int) -> Path:
    return root / "_delta_log" / f"{version:020}.json"


def _commit_line(version: int, text: bytes, files: Mapping[str, Digest]) -> bytes:
    entry = {"version": version, "sha256": hashlib.sha256(text).hexdigest(), "size": len(text), "text": text.decode()}
    return _line(entry | {"files": {path: [each.sha256, each.size] for path, each in files.items()}})


def _named(each: Digest) -> dict[str, str | int]:
    return {"sha256": each.sha256, "size": each.size}


def _line(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a list in their order; an empty one for each that cannot be read."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n"):
        if line:
            checksum, _, text = line.partition(b" ")
            try:
                is_whole = int(checksum, 16) == zlib.crc32(text)
                yield json.loads(text) if is_whole else {}
            except ValueError:
                yield {}


def _append(path: Path, lines: Iterable[bytes]) -> None:
    """After a line that a power cut left without its end, on a new one."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(b"".join(lines))


def _replace(path: Path, content: bytes, *, is_new: bool = False) -> None:
    """Write a file whole or not at all; a new one not over one that came meanwhile."""
    fresh = path.with_name(f".{path.name}.tmp")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    else:
        fresh.replace(path)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""Holds tables of the lake against their digests: all that is on the disk, or quickly what a glance shows."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from focusflow.lake import digests
from focusflow.lake.digests import Damage, Part
from focusflow.lake.tables import Lake, Pinned, TableDamaged
from focusflow.object_store import ObjectStore, path_of


@dataclass(slots=True)
class TableCheck:
    """What was found of a table."""

    table: str
    files: int = 0  # data files that were looked at
    damages: list[Damage] = field(default_factory=list)
    recorded_now: int = 0  # data files that had no digest, and are trusted as they are
    problem: TableDamaged | None = None  # why it cannot be opened

    @property
    def is_whole(self) -> bool:
        return not self.damages and self.problem is None

    @property
    def damaged_files(self) -> list[str]:
        return [each.path for each in self.damages if each.part is Part.DATA]

    @property
    def has_damaged_log(self) -> bool:
        return self.problem is not None or any(each.part in (Part.ENTRY, Part.CHECKPOINT) for each in self.damages)

    @property
    def sentences(self) -> list[str]:
        found = [f"{self.table}: {each}" for each in self.damages]
        return found or ([str(self.problem)] if self.problem else [])


def check(
    lake: Lake,
    name: str,
    *,
    is_deep: bool = False,
    only: Collection[str] | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> TableCheck | None:
    """Look at a table's log, and at its data files, or only some of them; in depth every byte is read, else lengths and footers.

    In depth, files without a digest are recorded as they are. A store has digests of its own: there, files are only read, whether their
    content can be decoded. None where there is no such table.
    """
    if lake.store:
        return _check_in_store(lake, lake.store, name, is_deep=is_deep, only=only, progress=progress)
    root, found = Path(lake.url(name)), TableCheck(name)
    if not root.is_dir():
        return None
    found.damages = digests.check_log(root)
    try:
        pinned = lake.pinned(name)
    except TableDamaged as problem:
        found.problem = problem
        return found
    if pinned is None:
        return None
    recorded, sizes = digests.read(root).files, pinned.sizes()
    for path, size in sizes.items():
        if only is not None and path not in only:
            continue
        damage = digests.check_file(root, path, size, recorded.get(path) if is_deep else None)
        damage = damage or (None if is_deep and path in recorded else _unreadable(root, path))
        found.files += 1
        found.damages += [damage] if damage else []
        progress(size)
    if is_deep and not found.has_damaged_log:
        chosen = sizes if only is None else only
        found.recorded_now = digests.adopt(root, [path for path in chosen if path not in found.damaged_files])
    return found


def _check_in_store(
    lake: Lake,
    store: ObjectStore,
    name: str,
    *,
    is_deep: bool,
    only: Collection[str] | None,
    progress: Callable[[int], None],
) -> TableCheck | None:
    found = TableCheck(name)
    try:
        pinned = lake.pinned(name)
    except TableDamaged as problem:
        found.problem = problem
        return found
    if pinned is None:
        return None
    prefix = path_of(lake.url(name))
    stored = {each.path: each.size for each in store.listed(prefix, is_recursive=True) if each.is_file}
    for path, size in pinned.sizes().items():
        if only is not None and path not in only:
            continue
        damage = _differs(path, size, stored.get(f"{prefix}/{path}"))
        if damage is None and is_deep:
            damage = _undecodable(store, prefix, path)
        found.files += 1
        found.damages += [damage] if damage else []
        progress(size)
    return found


def check_files(table: Pinned, paths: Iterable[str]) -> Iterator[Damage]:
    """Hold some files of a table against their digests; in a store, against what the log says."""
    sizes = table.sizes()
    recorded = digests.read(table.root) if table.root else None
    for path in paths:
        if table.root and recorded:
            damage = digests.check_file(table.root, path, sizes[path], recorded.files.get(path))
        else:
            assert table.store is not None
            stored = table.store.info(path_of(table.file(path)))
            damage = _differs(path, sizes[path], stored.size if stored else None)
        if damage:
            yield damage


def _differs(path: str, size: int, stored: int | None) -> Damage | None:
    if stored is None:
        return Damage(Part.DATA, path, "is missing")
    return None if stored == size else Damage(Part.DATA, path, "has another length")


def _undecodable(store: ObjectStore, prefix: str, path: str) -> Damage | None:
    try:
        with store.answers(prefix), store.files.open_input_file(f"{prefix}/{path}") as file:
            try:
                for _ in pq.ParquetFile(file).iter_batches():
                    pass
            except ValueError:  # also what Arrow raises
                return Damage(Part.DATA, path, "cannot be read")
    except FileNotFoundError:
        return Damage(Part.DATA, path, "is missing")
    return None


def damage_behind(lake: Lake) -> TableDamaged | None:
    """The damage that may be behind an error of a library: the first that a glance at all tables shows."""
    for name in lake.names():
        found = check(lake, name)
        if found and not found.is_whole:
            return found.problem or TableDamaged(name, found.damages[0])
    return None


def _unreadable(root: Path, path: str) -> Damage | None:
    try:
        pq.read_metadata(root / path)
    except (OSError, ValueError):
        return Damage(Part.DATA, path, "cannot be read")
    return None

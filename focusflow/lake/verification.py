"""Holds tables of the lake against their digests: all that is on the disk, or quickly what a glance shows."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from focusflow.lake import digests
from focusflow.lake.digests import Damage, Part
from focusflow.lake.tables import Lake, TableDamaged


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

    In depth, files without a digest are recorded as they are. None where there is no such table.
    """
    root, found = Path(lake.url(name)), TableCheck(name)
    if not lake.is_local or not root.is_dir():
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

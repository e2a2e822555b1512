"""Where backups are kept: in a folder, or in a bucket of an S3-compatible object store.

A file is there as a whole or not at all. Names of files never come twice with other content, so writers need no order between them.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol

from focusflow.file_lock import single_process
from focusflow.object_store import SCHEME, ObjectStore, path_of
from focusflow.settings import Settings
from focusflow.storage import fsync

CHUNK = 1 << 20


class Place(Protocol):
    @property
    def label(self) -> str:
        """How a user names it."""

    @property
    def unfinished_age(self) -> timedelta:
        """Files that no backup lists may be cleared away when they are so old. Younger ones may belong to a backup that is being made."""

    def write(self, path: str, content: Iterable[bytes]) -> None:
        """Write a file durably."""

    def read(self, path: str) -> Iterator[bytes]:
        """The content, or FileNotFoundError."""

    def files(self, under: str = "") -> dict[str, datetime]:
        """The files under a folder of the place, by their paths in the place, with the times of their writing."""

    def folders(self) -> list[str]:
        """The names of the folders at the top."""

    def delete(self, path: str) -> None:
        """Delete a file."""

    def delete_folder(self, name: str) -> None:
        """Delete a folder with all its files."""

    def locked(self, name: str) -> AbstractContextManager[None]:
        """Refuse a second process of this name."""


def place_of(address: str, settings: Settings) -> Place:
    return StorePlace.of(address, settings) if address.startswith(SCHEME) else FolderPlace(Path(address))


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of this machine, or one that is mounted."""

    root: Path

    @property
    def label(self) -> str:
        return str(self.root)

    @property
    def unfinished_age(self) -> timedelta:
        return timedelta(0)  # only one process writes

    def write(self, path: str, content: Iterable[bytes]) -> None:
        target = self.root / path
        make_folder(target.parent)
        draft = target.with_name(f".{target.name}.new")
        with draft.open("wb") as file:
            draft.chmod(0o600)
            for chunk in content:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
        for folder in (target.parent, *(each for each in target.parent.parents if self.root in (each, *each.parents))):
            fsync(folder)

    def read(self, path: str) -> Iterator[bytes]:
        with (self.root / path).open("rb") as file:
            yield from chunks(file)

    def files(self, under: str = "") -> dict[str, datetime]:
        found = {}
        for path in sorted((self.root / under).rglob("*")):
            with suppress(FileNotFoundError):  # drafts of others vanish
                if path.is_file():
                    found[path.relative_to(self.root).as_posix()] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return found

    def folders(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir() if path.is_dir()) if self.root.is_dir() else []

    def delete(self, path: str) -> None:
        (self.root / path).unlink()

    def delete_folder(self, name: str) -> None:
        import shutil

        shutil.rmtree(self.root / name)

    def locked(self, name: str) -> AbstractContextManager[None]:
        return single_process(self.root, name)


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A prefix in a bucket of an object store. Several installations may use one; none clears away what is younger than a day."""

    prefix: str  # bucket/folder
    store: ObjectStore
    home: Path

    @classmethod
    def of(cls, address: str, settings: Settings) -> "StorePlace":
        return cls(path_of(address), ObjectStore.of(settings), settings.home)

    @property
    def label(self) -> str:
        return f"{SCHEME}{self.prefix}"

    @property
    def unfinished_age(self) -> timedelta:
        return timedelta(days=1)

    def write(self, path: str, content: Iterable[bytes]) -> None:
        """From a file of this machine: to close an upload whose content broke off would make a file of its beginning."""
        with TemporaryFile(dir=self._temporary_folder()) as spooled:
            for chunk in content:
                spooled.write(chunk)
            spooled.seek(0)
            with self._answers(), self.store.files.open_output_stream(self._at(path)) as target:
                for chunk in chunks(spooled):
                    target.write(chunk)

    def read(self, path: str) -> Iterator[bytes]:
        with self._answers(), self.store.files.open_input_stream(self._at(path)) as file:
            yield from chunks(file)

    def files(self, under: str = "") -> dict[str, datetime]:
        found = self.store.listed(self._at(under), is_recursive=True)
        return {each.path.removeprefix(f"{self.prefix}/"): each.mtime for each in found if each.is_file}

    def folders(self) -> list[str]:
        found = self.store.listed(self.prefix, is_recursive=False)
        return sorted(each.base_name for each in found if not each.is_file)

    def delete(self, path: str) -> None:
        self.store.delete(self._at(path))

    def delete_folder(self, name: str) -> None:
        self.store.delete_folder(self._at(name))

    def locked(self, name: str) -> AbstractContextManager[None]:
        return single_process(self.home / "backup", name)

    def _temporary_folder(self) -> Path:
        make_folder(self.home / "tmp")
        return self.home / "tmp"

    def _at(self, path: str) -> str:
        return f"{self.prefix}/{path}"

    def _answers(self) -> AbstractContextManager[None]:
        return self.store.answers(self.prefix)

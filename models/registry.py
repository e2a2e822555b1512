"""Keeps trained models: a folder each with its numbers and its card, and one file that says which of them serves.

A model is a table of numbers in JSON; nothing that is read here can run. What cannot be read, or is not what was promoted, serves nobody:
then the baseline does, and the log says why.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from focusflow.problems import Conflict, NotFound
from models.parts import Priority

log = logging.getLogger(__name__)

#: Versions that served, the newest last, each with the fingerprint of its numbers. To roll back is to drop the last.
CURRENT: Final = "current.json"

#: What reading a damaged file raises: orjson's JSONDecodeError is a ValueError.
DAMAGED: Final = (OSError, ValueError, KeyError, TypeError)


class NoSuchModel(NotFound):
    """There is no such model. `focusflow models list` shows those there are."""


class NothingToRollBack(Conflict):
    """No model serves, so there is none to go back from."""


class Refused(Conflict):
    """This model did not pass the gate."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model that serves, by its version."""

    version: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class Registry:
    """The folder of all models."""

    root: Path

    def save(self, priority: Priority, card: Mapping[str, Any], trained_at: datetime) -> str:
        """Keep a model with its card. Returns the version, which names its day and its numbers; the same numbers are kept once a day."""
        numbers = orjson.dumps(priority.as_json(), option=orjson.OPT_SORT_KEYS)
        sha256 = hashlib.sha256(numbers).hexdigest()
        version = f"pr-1.{trained_at:%Y%m%d}.{sha256[:10]}"
        folder = self.root / version
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole = {**card, "version": version, "sha256": sha256, "trained_at": trained_at}
        write_whole(folder / "model.json", numbers)
        write_whole(folder / "card.json", orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))
        return version

    def versions(self) -> list[str]:
        """All that are kept, the oldest first."""
        cards = self.root.glob("*/card.json")
        return [path.parent.name for path in sorted(cards, key=lambda path: (path.stat().st_mtime_ns, path))]

    def card(self, version: str) -> dict[str, Any]:
        if version not in self.versions():  # so that no version can be a path to elsewhere
            raise NoSuchModel
        card: dict[str, Any] = orjson.loads((self.root / version / "card.json").read_bytes())
        return card

    def promote(self, version: str, *, anyway: bool = False) -> None:
        """Let a model serve from now on. One that the gate refused serves only if told to `anyway`."""
        card = self.card(version)
        if card["refused"] and not anyway:
            raise Refused(f"The model {version} did not pass the gate: {'; '.join(card['refused'])}.")
        self._load(version, card["sha256"])
        serving = [each for each in self._serving() if each["version"] != version]
        self._point([*serving, {"version": version, "sha256": card["sha256"]}])

    def rollback(self) -> str | None:
        """Let the model before serve again, or the baseline where there was none. Returns which."""
        serving = self._serving()
        if not serving:
            raise NothingToRollBack
        self._point(serving[:-1])
        return serving[-2]["version"] if len(serving) > 1 else None

    def current(self) -> str | None:
        """The version that is to serve; None when it is the baseline."""
        serving = self._serving()
        return serving[-1]["version"] if serving else None

    def served(self) -> Served | None:
        """The model that serves. None, with a warning, when it cannot: a missing or damaged file is never an error here."""
        serving = self._serving()
        if not serving:
            return None
        version, sha256 = serving[-1]["version"], serving[-1]["sha256"]
        try:
            return Served(version, self._load(version, sha256))
        except DAMAGED as error:
            log.warning("The priority model %s cannot be read, so the baseline serves: %s", version, error)
            return None

    def mark(self) -> tuple[int, int] | None:
        """Changes whenever another model is let serve."""
        try:
            found = (self.root / CURRENT).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _load(self, version: str, sha256: str) -> Priority:
        numbers = (self.root / version / "model.json").read_bytes()
        if hashlib.sha256(numbers).hexdigest() != sha256:
            raise ValueError(f"the numbers of {version} are not those that were kept")
        return Priority.from_json(orjson.loads(numbers))

    def _serving(self) -> list[dict[str, str]]:
        try:
            served = orjson.loads((self.root / CURRENT).read_bytes())["served"]
            return [{"version": each["version"], "sha256": each["sha256"]} for each in served]
        except FileNotFoundError:
            return []
        except DAMAGED as error:
            log.warning("%s cannot be read, so the baseline serves: %s", CURRENT, error)
            return []

    def _point(self, serving: list[dict[str, str]]) -> None:
        write_whole(self.root / CURRENT, orjson.dumps({"served": serving}, option=orjson.OPT_INDENT_2))


class Serving:
    """The model that serves, read once and again when another is promoted. Looking whether one was is one look at a file."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._mark: tuple[int, int] | None = None
        self._served: Served | None = None

    def model(self) -> Served | None:
        mark = self._registry.mark()
        if mark != self._mark:
            self._served = self._registry.served() if mark else None
            self._mark = mark
        return self._served


def write_whole(path: Path, content: bytes) -> None:
    """Whoever reads finds the old content or the new one, also after a power cut."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""Keeps trained models: a folder each with its numbers and its card, and one file that says which of them serves.

A model is a table of numbers in JSON; nothing that is read here can run. What cannot be read, or is not what was promoted, serves nobody:
then the baseline does, and the log says why.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import orjson

from focusflow.errors import Conflict, NotFound
from models.features.task_facts import FEATURES_VERSION
from models.serving.comparison import is_baseline_day
from models.serving.score_components import Priority

log = logging.getLogger(__name__)

#: Which models served, the newest last, with the fingerprint of their numbers, and since when. To roll back is to say until when.
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
class Term:
    """That a model served. What was promoted before moments were noted did so from the beginning."""

    version: str
    sha256: str
    since: datetime | None
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        since, until = (
            datetime.fromisoformat(moment) if (moment := written.get(name)) else None for name in ("since", "until")
        )
        return cls(written["version"], written["sha256"], since, until)


@dataclass(frozen=True, slots=True)
class Registry:
    """The folder of all models."""

    root: Path

    def save(self, priority: Priority, card: Mapping[str, Any], trained_at: datetime) -> str:
        """Keep a model with its card. Returns the version, which names its day and its numbers; the same numbers are kept once a day."""
        numbers = orjson.dumps(priority.as_json(), option=orjson.OPT_SORT_KEYS)
        sha256 = hashlib.sha256(numbers).hexdigest()
        version = f"pr-{FEATURES_VERSION}.{trained_at:%Y%m%d}.{sha256[:10]}"
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

    def promote(self, version: str, at: datetime, *, anyway: bool = False) -> None:
        """Let a model serve from a moment on. One that the gate refused serves only if told to `anyway`."""
        card = self.card(version)
        if card["refused"] and not anyway:
            raise Refused(f"The model {version} did not pass the gate: {'; '.join(card['refused'])}.")
        self._load(version, card["sha256"])
        if version != self.current():
            self._point([*self._terms(), Term(version, card["sha256"], since=at, until=None)])

    def rollback(self, at: datetime) -> str | None:
        """Let the model before serve again, or the baseline where there was none. Returns which."""
        terms = self._terms()
        last = _last(terms)
        if last is None:
            raise NothingToRollBack
        self._point([replace(each, until=at) if each is last else each for each in terms])
        return self.current()

    def current(self) -> str | None:
        """The version that is to serve; None when it is the baseline."""
        term = _last(self._terms())
        return term.version if term else None

    def served(self, at: datetime | None = None) -> Served | None:
        """The model that serves, or that did at a moment of the past. None, with a warning, when it cannot: a missing or damaged file is never
        an error here.
        """
        term = _last(self._terms(), at)
        if term is None:
            return None
        try:
            return Served(term.version, self._load(term.version, term.sha256))
        except DAMAGED as error:
            log.warning("The priority model %s cannot be read, so the baseline serves: %s", term.version, error)
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

    def _terms(self) -> list[Term]:
        try:
            return [Term.from_json(each) for each in orjson.loads((self.root / CURRENT).read_bytes())["served"]]
        except FileNotFoundError:
            return []
        except DAMAGED as error:
            log.warning("%s cannot be read, so the baseline serves: %s", CURRENT, error)
            return []

    def _point(self, terms: list[Term]) -> None:
        write_whole(self.root / CURRENT, orjson.dumps({"served": terms}, option=orjson.OPT_INDENT_2))


def _last(terms: Sequence[Term], at: datetime | None = None) -> Term | None:
    """The one that holds at a moment, or that has no end."""
    return next((each for each in reversed(terms) if (each.holds(at) if at else each.until is None)), None)


class Serving:
    """The model that serves, read once and again when another is promoted. Looking whether one was is one look at a file."""

    def __init__(self, registry: Registry, *, has_comparison: bool = False) -> None:
        self._registry = registry
        self.has_comparison = has_comparison
        self._mark: tuple[int, int] | None = None
        self._served: Served | None = None

    def model(self) -> Served | None:
        mark = self._registry.mark()
        if mark != self._mark:
            self._served = self._registry.served() if mark else None
            self._mark = mark
        return self._served

    def model_for(self, user_id: UUID, day: date) -> Served | None:
        """The model that ranks a user's tasks on a local day; none where a comparison has urgency rank them."""
        is_left_out = self.has_comparison and is_baseline_day(user_id, day)
        return None if is_left_out else self.model()


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

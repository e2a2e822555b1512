"""The signing key of an installation and those that it replaced. One signs; the others verify and decrypt what they signed and encrypted.

The keys are one file under the home, which is read again when it changes: a rotation needs no restart. Its first line is the signing key.
Each other line is an older key, after the moment until which access tokens signed by it count.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from focusflow.errors import SetupProblem

FILE = "signing-key"


@dataclass(frozen=True, slots=True)
class OlderKey:
    """A key that signs nothing any more. Access tokens signed by it count until a moment; what has no expiry counts for as long as it is kept."""

    until: datetime
    key: str


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of an installation. Iterates over all of them, the newest first."""

    signing: str
    older: tuple[OlderKey, ...] = ()

    def __iter__(self) -> Iterator[str]:
        yield self.signing
        for each in self.older:
            yield each.key

    def fresh(self, now: datetime) -> Iterator[str]:
        """The keys of what is valid for minutes only."""
        yield self.signing
        for each in self.older:
            if each.until > now:
                yield each.key

    def with_id(self, id_: str) -> tuple[str, datetime | None] | None:
        """The key with an id, and until when its access tokens count; None for the signing key."""
        if key_id(self.signing) == id_:
            return self.signing, None
        return next(((each.key, each.until) for each in self.older if key_id(each.key) == id_), None)

    def rotated(self, new: str, until: datetime) -> "KeyRing":
        """The ring in which a new key signs."""
        return KeyRing(new, (OlderKey(until, self.signing), *self.older))


@lru_cache(100)
def key_id(key: str) -> str:
    """Which key signed a token. A hash: the header of a token can be read by anybody."""
    return hashlib.sha256(b"key id " + key.encode()).hexdigest()[:16]


@dataclass(slots=True)
class KeyFile:
    """The file of the keys under a home."""

    home: Path
    _read: tuple[tuple[int, int], KeyRing] | None = field(default=None, init=False)

    @property
    def path(self) -> Path:
        return self.home / "secrets" / FILE

    def keys(self) -> KeyRing:
        """The keys as they are now, made by whoever asks first."""
        try:
            status = self.path.stat()
        except OSError:
            return _parsed(secret_under(self.home, FILE))
        version = (status.st_ino, status.st_mtime_ns)
        if self._read is None or self._read[0] != version:
            self._read = (version, _parsed(secret_under(self.home, FILE)))
        return self._read[1]

    def write(self, keys: KeyRing) -> None:
        """Replace the file as a whole."""
        lines = [keys.signing, *(f"{each.until.isoformat()} {each.key}" for each in keys.older)]
        with _usable(self.home):
            draft = _draft(self.path, "\n".join(lines))
            draft.replace(self.path)


def _draft(path: Path, text: str) -> Path:
    """A file beside another with what is to take its place."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


@contextmanager
def _usable(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupProblem(
            f"The home {home} cannot be used ({error.strerror}). Make it writable, or set FOCUSFLOW_HOME to another folder."
        ) from error


def _parsed(text: str) -> KeyRing:
    signing, *older = text.splitlines()
    parts = [line.partition(" ") for line in older if line]
    return KeyRing(signing, tuple(OlderKey(datetime.fromisoformat(until), key) for until, _, key in parts))


def new_key() -> str:
    return secrets.token_urlsafe(48)


def secret_under(home: Path, name: str) -> str:
    """A random secret kept in a file that only its owner can read; made by whoever asks first."""
    path = home / "secrets" / name
    with _usable(home):
        if not path.exists():
            draft = _draft(path, new_key())
            try:
                os.link(draft, path)  # of two that race, the first one's secret stands
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii")

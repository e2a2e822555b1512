"""How the files of a backup are written and read: as they are, or encrypted with AES-256-GCM.

An encrypted file is a salt, from which its own key is derived, and chunks that are sealed one by one. The nonce of a chunk is its number and
whether it is the last, and the path of the file is sealed with it: a chunk or file that was cut off, moved or exchanged is refused.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from focusflow.errors import Problem, SetupProblem

CHUNK = 1 << 20
SALT_BYTES, KEY_BYTES, TAG_BYTES = 32, 32, 16
PURPOSE = b"focusflow backup 1"


class BackupDamaged(Problem):
    """A backup lacks a file, or holds other bytes than it recorded."""


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """Reads and writes files under a folder, which a manifest calls by its scope. Without a key they are plain."""

    root: Path
    scope: str
    key: bytes | None

    def write(self, path: str, content: Iterable[bytes]) -> str:
        """Write a file, durably, under another name first, so that a file that is there is whole. Returns the SHA-256 digest of the content."""
        target = self.root / path
        make_folder(target.parent)
        draft, digest = target.with_name(f".{target.name}.new"), hashlib.sha256()
        with draft.open("wb") as file:
            draft.chmod(0o600)
            read = _hashed(content, digest)
            for chunk in read if self.key is None else _seal(read, self.key, self.name(path)):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
        return digest.hexdigest()

    def read(self, path: str) -> Iterator[bytes]:
        with (self.root / path).open("rb") as file:
            yield from chunks(file) if self.key is None else _open(file, self.key, self.name(path))

    def digest(self, path: str) -> str:
        digest = hashlib.sha256()
        for chunk in self.read(path):
            digest.update(chunk)
        return digest.hexdigest()

    def name(self, path: str) -> str:
        """What a manifest calls a file."""
        return f"{self.scope}/{path}"


def key_of(text: str) -> bytes:
    """The key from the setting.

    >>> len(key_of("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="))
    32
    """
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise SetupProblem("FOCUSFLOW_BACKUP_KEY must be 32 bytes in Base64. `openssl rand -base64 32` makes one.")
    return key


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _hashed(content: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in content:
        digest.update(chunk)
        yield chunk


def _seal(content: Iterable[bytes], key: bytes, name: str) -> Iterator[bytes]:
    salt = os.urandom(SALT_BYTES)
    cipher = _cipher(key, salt)
    yield salt
    number, held = 0, b""
    for chunk in content:
        held += chunk
        while len(held) > CHUNK:
            yield cipher.encrypt(_nonce(number, is_last=False), held[:CHUNK], name.encode())
            number, held = number + 1, held[CHUNK:]
    yield cipher.encrypt(_nonce(number, is_last=True), held, name.encode())


def _open(file: IO[bytes], key: bytes, name: str) -> Iterator[bytes]:
    cipher, number = _cipher(key, file.read(SALT_BYTES)), 0
    sealed = file.read(CHUNK + TAG_BYTES)
    while True:
        following = file.read(CHUNK + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, is_last=not following), sealed, name.encode())
        except (InvalidTag, ValueError) as error:
            raise BackupDamaged(
                f"The file {name} of the backup has changed, or was written with another key."
            ) from error
        if not following:
            return
        sealed, number = following, number + 1


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, PURPOSE).derive(key))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])

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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from focusflow.backup_places import CHUNK, Place
from focusflow.errors import Problem, SetupProblem

SALT_BYTES, KEY_BYTES, TAG_BYTES = 32, 32, 16
PURPOSE = b"focusflow backup 1"


class BackupDamaged(Problem):
    """A backup lacks a file, or holds other bytes than it recorded."""


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """Reads and writes files of a place, in the folder that is called as their scope. Without a key they are plain."""

    place: Place
    scope: str
    key: bytes | None

    def write(self, path: str, content: Iterable[bytes]) -> str:
        """Write a file. Returns the SHA-256 digest of the content."""
        digest = hashlib.sha256()
        read = _hashed(content, digest)
        self.place.write(self.name(path), read if self.key is None else _seal(read, self.key, self.name(path)))
        return digest.hexdigest()

    def read(self, path: str) -> Iterator[bytes]:
        stored = self.place.read(self.name(path))
        return stored if self.key is None else _open(stored, self.key, self.name(path))

    def digest(self, path: str) -> str:
        digest = hashlib.sha256()
        for chunk in self.read(path):
            digest.update(chunk)
        return digest.hexdigest()

    def name(self, path: str) -> str:
        """What a manifest calls a file, and its path in the place."""
        return f"{self.scope}/{path}" if self.scope else path


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


def _open(stored: Iterator[bytes], key: bytes, name: str) -> Iterator[bytes]:
    pieces = _pieces(stored, SALT_BYTES, CHUNK + TAG_BYTES)
    cipher, number = _cipher(key, next(pieces, b"")), 0
    sealed = next(pieces, b"")
    while True:
        following = next(pieces, b"")
        try:
            yield cipher.decrypt(_nonce(number, is_last=not following), sealed, name.encode())
        except (InvalidTag, ValueError) as error:
            raise BackupDamaged(
                f"The file {name} of the backup has changed, or was written with another key."
            ) from error
        if not following:
            return
        sealed, number = following, number + 1


def _pieces(stored: Iterator[bytes], first: int, others: int) -> Iterator[bytes]:
    """The bytes in pieces of these sizes; the last may be shorter."""
    held, size = b"", first
    for chunk in stored:
        held += chunk
        while len(held) >= size:
            yield held[:size]
            held, size = held[size:], others
    if held:
        yield held


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, PURPOSE).derive(key))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])

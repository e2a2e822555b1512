"""Encrypts secrets that have to be readable again, each for one purpose and one user."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


def encrypt(key: str, purpose: str, user_id: UUID, secret: bytes) -> bytes:
    """A secret as it is stored (AES-256-GCM)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(key, purpose).encrypt(nonce, secret, user_id.bytes)


def decrypt(keys: Iterable[str], purpose: str, user_id: UUID, stored: bytes) -> bytes | None:
    """The secret, or None where it was encrypted with none of these keys, or for another purpose or user.

    >>> stored = encrypt("key", "webhook", UUID(int=1), b"secret")
    >>> decrypt(["new", "key"], "webhook", UUID(int=1), stored), decrypt(["key"], "webhook", UUID(int=2), stored)
    (b'secret', None)
    """
    for key in keys:
        with suppress(InvalidTag):
            return _cipher(key, purpose).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], user_id.bytes)
    return None


def _cipher(key: str, purpose: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, f"focusflow {purpose}".encode()).derive(key.encode()))

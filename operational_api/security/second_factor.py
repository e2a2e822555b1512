"""One-time codes of an authenticator app (RFC 6238), and recovery codes. Nothing here touches the database."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from focusflow.encryption import decrypt, encrypt

PURPOSE = "second factor"

STEP_SECONDS = 30
#: A code counts for a step before and after its own: clocks differ, and typing takes time.
STEPS_AROUND = 1
SECRET_BYTES = 20
RECOVERY_CODES = 10


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def written(secret: bytes) -> str:
    """A secret as a user types it into an app."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, email: str) -> str:
    """A secret as an app reads it."""
    return _totp(secret).get_provisioning_uri(email, "FocusFlow")


def code_at(secret: bytes, step: int) -> str:
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def step_of(secret: bytes, code: str, moment: float) -> int | None:
    """The step to which a code belongs, if it is valid at this moment."""
    current = int(moment) // STEP_SECONDS
    given = code.encode("utf-8", "replace")
    steps = range(current - STEPS_AROUND, current + STEPS_AROUND + 1)
    return next((step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), given)), None)


def new_recovery_codes() -> list[str]:
    """Each has 120 random bits, so a plain hash of it cannot be guessed backwards."""
    return [_recovery_code() for _ in range(RECOVERY_CODES)]


def _recovery_code() -> str:
    code = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def encrypted(key: str, user_id: UUID, secret: bytes) -> bytes:
    """A secret as it is stored, for one user alone."""
    return encrypt(key, PURPOSE, user_id, secret)


def decrypted(keys: Iterable[str], user_id: UUID, stored: bytes) -> bytes | None:
    """The secret, or None where it was encrypted with another key or for another user."""
    return decrypt(keys, PURPOSE, user_id, stored)


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), STEP_SECONDS)  # noqa: S303 (what the apps compute)

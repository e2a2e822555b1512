"""Passwords, hashed with Argon2id in a bounded number at a time, so that signing in cannot starve everything else."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from focusflow.problems import Invalid, Unavailable

HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
AT_ONCE = threading.BoundedSemaphore(2 * (os.cpu_count() or 1))
WAIT_SECONDS = 10

#: Passwords that are tried first everywhere.
COMMON = frozenset(
    {"password", "12345678", "123456789", "1234567890", "qwertyuiop", "password1", "iloveyou", "11111111", "sunshine"}
)


def check(password: str, field: str, email: str = "") -> None:
    """Refuse a password that is among the first that anybody tries."""
    if password.lower() in COMMON or password.lower() == email.lower():
        raise Invalid.field(f"body.{field}", "it is among the first that anybody tries")


def hashed(password: str) -> str:
    with _turn():
        return HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether a password is the one that was stored. Without one stored it takes as long, and is never right."""
    with _turn():
        try:
            HASHER.verify(stored or _nobodys(), password)
        except (VerifyMismatchError, InvalidHashError):
            return False
    return stored is not None


@lru_cache
def _nobodys() -> str:
    return HASHER.hash("nobody has this password")


@contextmanager
def _turn() -> Iterator[None]:
    if not AT_ONCE.acquire(timeout=WAIT_SECONDS):
        raise Unavailable("Too many people are signing in at this moment. Try again shortly.")
    try:
        yield
    finally:
        AT_ONCE.release()

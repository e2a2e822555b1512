"""Passwords, hashed with Argon2id in a bounded number at a time, so that signing in cannot starve everything else."""

import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from focusflow.errors import Invalid, Unavailable

HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
AT_ONCE = threading.BoundedSemaphore(2 * (os.cpu_count() or 1))
WAIT_SECONDS = 10

#: What is used most, of the length that is asked for: the first 3,000 each of the lists that come with Django and with zxcvbn.
COMMON = Path(__file__).with_name("common_passwords.txt")

#: Rows of keys, and of signs as everyone knows them.
ROWS = (
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)

#: A shorter name is in many a word.
NAME = re.compile(r"\w{4,}")


def check(password: str, field: str, email: str, name: str) -> None:
    """Refuse a password that those would soon try who try many, or who know its owner."""
    candidate, about = password.lower(), f"{email.partition('@')[0]} {name}".lower()
    if candidate in _common():
        wrong = "it is one of those that everybody tries first"
    elif _is_pattern(candidate):
        wrong = "it says the same again and again, or is a row of keys"
    elif any(each in candidate for each in (email.lower(), *NAME.findall(about))):
        wrong = "it contains your name or email address"
    else:
        return
    raise Invalid.field(f"body.{field}", f"{wrong}; some words that have nothing to do with each other are better")


@lru_cache
def _common() -> frozenset[str]:
    return frozenset(COMMON.read_text(encoding="utf-8").split())


#: Marks what is stored for an account without a password.
UNUSABLE = "!"


def _is_pattern(candidate: str) -> bool:
    """
    >>> [_is_pattern(each) for each in ("abcabcab", "23456789", "lkjhgfdsa", "a long sentence")]
    [True, True, True, False]
    """
    repeats = any(candidate[period:] == candidate[:-period] for period in range(1, len(candidate) // 2 + 1))
    return repeats or any(candidate in 2 * row or candidate[::-1] in 2 * row for row in ROWS)


def hashed(password: str) -> str:
    with _turn():
        return HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether a password is the one that was stored. Without one stored it takes as long, and is never right."""
    with _turn():
        try:
            HASHER.verify((stored or _nobodys()).removeprefix(UNUSABLE), password)
        except (VerifyMismatchError, InvalidHashError):
            return False
    return stored is not None and is_usable(stored)


def is_usable(stored: str) -> bool:
    """Whether an account has a password."""
    return not stored.startswith(UNUSABLE)


@lru_cache
def unusable() -> str:
    """A hash for accounts without a password: nobody knows what it is of, and to compare with it takes as long as with any other."""
    return UNUSABLE + hashed(secrets.token_urlsafe(32))


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

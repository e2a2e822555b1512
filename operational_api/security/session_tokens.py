"""The secrets of sessions: a mark, a random secret, and whose it is. Stored is a hash.

A session is for a server that acts for a browser, like the dashboard. Unlike an access token it says nothing by itself: the database is
asked with each request whether it is still valid.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from focusflow.errors import NotSignedIn
from operational_api.security.tokens import digest

MARK = "ffs_"

#: The owner's id comes with the secret, so that it is looked up under the owner's row-level security, in one step.
SHAPE = re.compile(r"ffs_[0-9a-f]{64}([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class SessionAccess:
    """What a session's secret says: whose it claims to be, the hash by which it is found, and how long it may be idle."""

    user_id: UUID
    token_hash: str
    idle: timedelta


def new_for(user_id: UUID) -> str:
    return f"{MARK}{secrets.token_hex(32)}{user_id.hex}"


def read(token: str, idle: timedelta) -> SessionAccess:
    found = SHAPE.fullmatch(token)
    if found is None:
        raise NotSignedIn
    return SessionAccess(UUID(found[1]), digest(token), idle)

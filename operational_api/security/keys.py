"""API keys: a mark, a random secret, and whose it is. Stored is a hash; shown afterwards are the first characters only."""

import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from focusflow.errors import NotSignedIn
from operational_api.security.tokens import digest

MARK = "ff_"
PREFIX_CHARACTERS = 11

#: The secret has 192 bits. The owner's id comes with it, so that the key is looked up under the owner's row-level security, in one step.
SHAPE = re.compile(r"ff_[0-9a-f]{48}([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What an API key says: whose it claims to be, and the hash by which it is found."""

    user_id: UUID
    key_hash: str


def generate(user_id: UUID) -> str:
    return f"{MARK}{secrets.token_hex(24)}{user_id.hex}"


def read(key: str) -> KeyAccess:
    found = SHAPE.fullmatch(key)
    if found is None:
        raise NotSignedIn
    return KeyAccess(UUID(found[1]), digest(key))

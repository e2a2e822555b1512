"""Users of apps: an app sends its own ids of its users and devices, and what is stored are pseudonyms, by a key of the workspace."""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from operational_api.events.schemas import Tracked

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

KEY_BYTES = 32

USER, DEVICE = "user", "device"


def has_app_user(tracked: Tracked) -> bool:
    return tracked.user_id is not None or tracked.anonymous_id is not None


def key_of(tx: Transaction, user_id: UUID) -> bytes:
    """The key of a workspace, made by its first event of an app user."""
    row = tx.one(QUERIES["key"], {"user_id": user_id})
    if row is None:
        tx.run(QUERIES["add_key"], {"user_id": user_id, "secret": secrets.token_bytes(KEY_BYTES)})
        row = tx.one(QUERIES["key"], {"user_id": user_id})
        assert row is not None
    return bytes(row["secret"])


def pseudonym(key: bytes, kind: str, id_: str) -> UUID:
    """The same id is the same pseudonym in a workspace, and another one in every other.

    >>> pseudonym(b"key", USER, "ada") == pseudonym(b"key", USER, "ada"), pseudonym(b"key", USER, "ada") == pseudonym(b"key", DEVICE, "ada")
    (True, False)
    """
    digest = hmac.digest(key, f"{kind}\n{id_}".encode("utf-8", "replace"), hashlib.sha256)
    return UUID(bytes=digest[:16], version=4)


def columns(key: bytes, tracked: Tracked) -> dict[str, Any]:
    """What is stored of whoever did it."""
    if not has_app_user(tracked):
        return {"app_user_id": None, "app_user_aliases": None, "is_known_app_user": None}
    known, device, previous = tracked.user_id, tracked.anonymous_id, tracked.previous_id
    ids = [(USER, known), (DEVICE, device)]
    if previous:  # an app does not say whether it was that of a user or of a device
        ids += [(USER, previous), (DEVICE, previous)]
    own, *others = dict.fromkeys(pseudonym(key, kind, id_) for kind, id_ in ids if id_ is not None)
    return {"app_user_id": own, "app_user_aliases": others, "is_known_app_user": known is not None}

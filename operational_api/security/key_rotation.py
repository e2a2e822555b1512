"""Gives the installation a new signing key, and encrypts with it what older ones encrypted. Nothing that they signed ends by it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from focusflow.database import audit
from focusflow.database.audit_chain import LOCK
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.key_ring import key_id, new_key
from focusflow.settings import Settings
from operational_api.security import second_factor
from operational_api.security.tokens import LEEWAY, TICKET_LIFETIME

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

ROTATED, LEAKED, ENCRYPTED = "keys.rotated", "keys.rotated-after-leak", "keys.encrypted"


@dataclass(frozen=True, slots=True)
class Encrypted:
    """How many secrets are newly encrypted with the signing key, and whose no key of the ring decrypts."""

    count: int
    unreadable: tuple[UUID, ...]


def rotate(settings: Settings, database: Database, *, is_leaked: bool = False) -> None:
    """Sign with a new key from now on. Access tokens of the key until now last their minutes; those of a leaked one end at once."""
    with database.transaction(Role.PRIVACY) as tx:
        tx.serialize(LOCK)
        longest = max(timedelta(minutes=settings.access_token_minutes), TICKET_LIFETIME)
        before = settings.keys
        after = before.rotated(new_key(), tx.now - LEEWAY if is_leaked else tx.now + longest)
        settings.key_file.write(after)
        audit.record(
            tx, LEAKED if is_leaked else ROTATED, actor_id=None, user_id=None, ip=audit.COMMAND_LINE,
            before={"key_id": key_id(before.signing)}, after={"key_id": key_id(after.signing)},
        )  # fmt: skip


def encrypt_again(settings: Settings, database: Database) -> Encrypted:
    """Encrypt with the signing key what an older key encrypted. What it has encrypted already stays."""
    keys, count, unreadable = settings.keys, 0, list[UUID]()
    with database.transaction(Role.AUTH) as tx:
        users = [row["user_id"] for row in tx.all(QUERIES["users"])]
    for user_id in users:
        with database.transaction(Role.AUTH, user_id) as tx:
            row = tx.one(QUERIES["secret"], {"user_id": user_id})
            if row is None or second_factor.decrypted([keys.signing], user_id, row["secret"]) is not None:
                continue
            secret = second_factor.decrypted(keys, user_id, row["secret"])
            if secret is None:
                unreadable.append(user_id)
                continue
            stored = second_factor.encrypted(keys.signing, user_id, secret)
            count += tx.run(QUERIES["save"], {"user_id": user_id, "secret": stored})
    with database.transaction(Role.AUTH) as tx:
        after = {"key_id": key_id(keys.signing), "encrypted": count, "unreadable": len(unreadable)}
        audit.record(tx, ENCRYPTED, actor_id=None, user_id=None, ip=audit.COMMAND_LINE, after=after)
    return Encrypted(count, tuple(unreadable))

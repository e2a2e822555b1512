"""Gives the installation a new signing key, and encrypts with it what older ones encrypted. Nothing that they signed ends by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from focusflow import webhooks
from focusflow.contracts.calendar import CREDENTIALS
from focusflow.database import audit
from focusflow.database.audit_chain import LOCK
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.encryption import decrypt, encrypt
from focusflow.key_ring import KeyRing, key_id, new_key
from focusflow.settings import Settings
from operational_api.security import second_factor
from operational_api.security.tokens import LEEWAY, TICKET_LIFETIME
from reports.channels import sender as channels

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

ROTATED, LEAKED, ENCRYPTED = "keys.rotated", "keys.rotated-after-leak", "keys.encrypted"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rows with encrypted secrets: who may list all of them, and who changes those of one user."""

    name: str
    purpose: str
    lists: Role
    changes: Role


KINDS = (
    Kind("second_factor", second_factor.PURPOSE, lists=Role.AUTH, changes=Role.AUTH),
    Kind("webhook", webhooks.PURPOSE, lists=Role.REPORTING, changes=Role.API),
    Kind("channel", channels.PURPOSE, lists=Role.REPORTING, changes=Role.API),
    Kind("calendar", CREDENTIALS, lists=Role.INGESTION, changes=Role.API),
)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """How many rows are newly encrypted with the signing key, and which ones no key of the ring decrypts."""

    count: int
    unreadable: tuple[str, ...]


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
    keys, count, unreadable = settings.keys, 0, list[str]()
    for kind in KINDS:
        with database.transaction(kind.lists) as tx:
            rows = tx.all(QUERIES[f"{kind.name}s"])
        for row in rows:
            is_new = _encrypt_row(database, kind, row, keys)
            count += is_new is True
            if is_new is None:
                unreadable.append(f"{kind.name.replace('_', ' ')} {row['id']}")
    with database.transaction(Role.AUTH) as tx:
        after = {"key_id": key_id(keys.signing), "encrypted": count, "unreadable": len(unreadable)}
        audit.record(tx, ENCRYPTED, actor_id=None, user_id=None, ip=audit.COMMAND_LINE, after=after)
    return Encrypted(count, tuple(unreadable))


def _encrypt_row(database: Database, kind: Kind, row: Mapping[str, Any], keys: KeyRing) -> bool | None:
    """Whether a row was encrypted again; None where no key decrypts it."""
    user_id, purpose, who = row["user_id"], kind.purpose, {"id": row["id"]}
    with database.transaction(kind.changes, user_id) as tx:
        stored = tx.one(QUERIES[kind.name], who) or {}
        given = {name: value for name, value in stored.items() if value is not None}
        if all(decrypt([keys.signing], purpose, user_id, value) is not None for value in given.values()):
            return False
        secrets = {name: decrypt(keys, purpose, user_id, value) for name, value in given.items()}
        renewed = {name: encrypt(keys.signing, purpose, user_id, each) for name, each in secrets.items() if each}
        tx.run(QUERIES[f"save_{kind.name}"], stored | renewed | who)
        return True if renewed.keys() == given.keys() else None

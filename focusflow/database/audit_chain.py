"""The audit log as a chain: each entry is sealed together with the one before it, by a key that the database does not have.

Entries are sealed within about a minute after they were written. After a rotation of the key the next one seals with the new key. What is personal in one is sealed by its salted digest: an erasure deletes it
with the salt, and the chain still holds. Old entries are deleted from the start only, and an entry says where the chain then begins. The
newest link is kept in a file, so that entries at the end cannot be missed either.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from focusflow.database import audit
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.key_ring import KeyRing
from focusflow.settings import Settings

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

BEGINNING: Final = "0" * 64
EXPIRED = "audit.expired"
PERSONAL = ("actor_id", "user_id", "entity_id", "before", "after", "ip", "user_agent")
BATCH_ROWS = 1_000
#: An entry that an older key has sealed is at most so much newer than the end of that key: sealing lags behind, and clocks differ.
SEALED_WITHIN = timedelta(hours=1)
#: The lock under which entries are sealed.
LOCK = "audit chain"


@dataclass(slots=True)
class Verdict:
    """What was found in the audit log."""

    entries: int = 0
    redacted: int = 0  # lost what is personal in them by erasures
    problems: list[str] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        return not self.problems

    @property
    def sentence(self) -> str:
        if self.problems:
            return f"The audit log was changed: {'; '.join(self.problems)}."
        return f"The audit log is intact: {self.entries:,} entries, {self.redacted:,} of them redacted by erasures."


@dataclass(frozen=True, slots=True)
class Seal:
    """A key of the chain, and until when it seals; None for the newest one."""

    key: bytes
    until: datetime | None

    def link(self, before: str, number: int, row: Mapping[str, Any], digest: str) -> str:
        what = [before, number, row["id"], row["at"].astimezone(UTC), row["action"], row["entity"], digest]
        return hmac.new(self.key, orjson.dumps(what), hashlib.sha256).hexdigest()

    def may_seal(self, row: Mapping[str, Any]) -> bool:
        """An older key seals nothing new: whoever has it could write another end of the chain."""
        return self.until is None or row["at"] < self.until + SEALED_WITHIN


def _seals(keys: KeyRing) -> list[Seal]:
    """Derived from the keys that sign access tokens: what one signs is no signature of the other."""
    until = [None, *(each.until for each in keys.older)]
    return [Seal(hmac.digest(key.encode(), b"audit log", "sha256"), end) for key, end in zip(keys, until, strict=True)]


@dataclass(frozen=True, slots=True)
class AuditChain:
    """The chain of one installation."""

    settings: Settings
    database: Database

    @property
    def head_file(self) -> Path:
        return self.settings.home / "audit-head.json"

    def seal(self) -> int:
        """Seal new entries. Returns how many."""
        total = 0
        while count := self._seal_batch():
            total += count
        return total

    def _seal_batch(self) -> int:
        with self.database.transaction(Role.PRIVACY) as tx:
            tx.serialize(LOCK)
            seal = _seals(self.settings.keys)[0]  # under the lock: a rotation waits for it
            kept = self._head()
            is_as_kept = kept is None or tx.one(QUERIES["has_link"], kept) is not None
            rows = tx.all(QUERIES["new"], {"limit": BATCH_ROWS})
            last = tx.one(QUERIES["last"])
            number, link = (last["number"], last["link"]) if last else (0, BEGINNING)
            sealed: dict[str, list[Any]] = {"ids": [], "numbers": [], "salts": [], "digests": [], "links": []}
            for row in rows:
                number, salt = number + 1, secrets.token_hex(16)
                digest = _digest(salt, row)
                link = seal.link(link, number, row, digest)
                for name, value in zip(sealed, (row["id"], number, salt, digest, link), strict=True):
                    sealed[name].append(value)
            if rows:
                tx.run(QUERIES["seal"], sealed)
        if rows and is_as_kept:  # else `verify` finds what happened to the entries before
            self._keep_head(number, link)
        return len(rows)

    def verify(self) -> Verdict:
        """Seal what is new, and compute the whole chain again."""
        self.seal()
        verdict, allowed = Verdict(), 0
        number, link, links = 0, BEGINNING, dict[int, str]()
        kept, seals = self._head(), _seals(self.settings.keys)
        with self.database.transaction(Role.PRIVACY) as tx:
            first = tx.one(QUERIES["first"])
            if first and first["number"] > 1:
                number = first["number"] - 1
                beginning = tx.one(QUERIES["beginning"], {"action": EXPIRED, "number": number})
                if beginning is None:
                    verdict.problems.append(f"the first {number:,} entries are missing")
                link = beginning["link"] if beginning else ""
            for row in self._rows(tx):
                if row["number"] != number + 1:
                    verdict.problems.append(f"entries {number + 1:,} to {row['number'] - 1:,} are missing")
                    link = ""
                number = row["number"]
                is_redacted = row["salt"] is None
                is_same = is_redacted or row["digest"] == _digest(row["salt"], row)
                if not is_same or (link and not _is_sealed(seals, link, row)):
                    verdict.problems.append(
                        f"entry {number:,} of {row['at']:%Y-%m-%d %H:%M} UTC is not as it was written"
                    )
                link = row["link"]
                verdict.entries += 1
                verdict.redacted += is_redacted
                allowed += (row["after"] or {}).get(audit.REDACTED, 0) if row["action"] == audit.ERASED else 0
                if kept and number == kept["number"]:
                    links[number] = link
        if verdict.redacted > allowed:
            verdict.problems.append(f"{verdict.redacted - allowed:,} entries were redacted without an erasure")
        if kept and kept["number"] > number:
            verdict.problems.append(f"the newest {kept['number'] - number:,} entries are missing")
        elif kept and links.get(kept["number"], kept["link"]) != kept["link"]:
            verdict.problems.append(f"entry {kept['number']:,} has another seal than it was given")
        return verdict

    def delete_before(self, days: int) -> int:
        """Delete entries that are older than so many days, from the start; 0 keeps all. Returns the count."""
        if not days:
            return 0
        self.seal()
        with self.database.transaction(Role.PRIVACY) as tx:
            last = tx.one(QUERIES["last_expired"], {"before": tx.now - timedelta(days=days)})
            if last is None:
                return 0
            beginning = {"number": last["number"], "link": last["link"]}
            audit.record(tx, EXPIRED, actor_id=None, user_id=None, ip=audit.SCHEDULE, after=beginning)
        self.seal()  # before they go: the chain says where it begins
        with self.database.transaction(Role.PRIVACY) as tx:
            return tx.run(QUERIES["expire"], beginning)

    def _rows(self, tx: Transaction) -> Iterator[Mapping[str, Any]]:
        with tx.connection.cursor(name="audit_entries") as cursor:
            cursor.itersize = BATCH_ROWS
            yield from cursor.execute(QUERIES["sealed"])

    def _head(self) -> dict[str, Any] | None:
        try:
            head: dict[str, Any] = orjson.loads(self.head_file.read_bytes())
        except FileNotFoundError:
            return None
        return head

    def _keep_head(self, number: int, link: str) -> None:
        draft = self.head_file.with_suffix(".draft")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(orjson.dumps({"number": number, "link": link}))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.head_file)


def _is_sealed(seals: Sequence[Seal], before: str, row: Mapping[str, Any]) -> bool:
    """Whether a key that may have sealed an entry did so, after the link before it."""
    return any(
        seal.may_seal(row) and row["link"] == seal.link(before, row["number"], row, row["digest"]) for seal in seals
    )


def _digest(salt: str, row: Mapping[str, Any]) -> str:
    """Of what an erasure deletes. The salt goes with it, so that nothing can be found out by trying."""
    personal = orjson.dumps([row[name] for name in PERSONAL], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(salt.encode() + personal).hexdigest()

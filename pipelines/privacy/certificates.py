"""Signed certificates of erasures, kept as files too: a backup of the database may be older than an erasure, and must not bring the user back.

A certificate names its user only by the hash of the id.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

ALGORITHM = "HMAC-SHA256"


def issue(key: str, erasure: Mapping[str, Any], counts: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The certificate of a finished erasure."""
    statement = {
        "id": str(erasure["id"]),
        "user_hash": erasure["user_hash"],
        "requested_at": erasure["created_at"].isoformat(),
        "finished_at": now.isoformat(),
        "erased": dict(sorted(counts.items())),
    }
    return {**statement, "algorithm": ALGORITHM, "signature": _signature(key, statement)}


def is_genuine(keys: Iterable[str], certificate: Mapping[str, Any]) -> bool:
    """Whether a key of this installation signed exactly this certificate."""
    statement = {name: value for name, value in certificate.items() if name not in ("algorithm", "signature")}
    given = str(certificate.get("signature", ""))
    is_signed = any(hmac.compare_digest(given, _signature(key, statement)) for key in keys)
    return certificate.get("algorithm") == ALGORITHM and is_signed


def _signature(key: str, statement: Mapping[str, Any]) -> str:
    """The key that signs access tokens, used for another purpose: what one signs is no signature of the other."""
    own = hmac.digest(key.encode(), b"certificate of erasure", "sha256")
    return hmac.new(own, orjson.dumps(statement, option=orjson.OPT_SORT_KEYS), hashlib.sha256).hexdigest()


def write_suppression(folder: Path, erasure_id: UUID, user_hash: str) -> None:
    """Note that an erasure has begun, before anything is deleted. The certificate takes the place of the note."""
    _write(folder / f"{erasure_id}.json", {"id": str(erasure_id), "user_hash": user_hash})


def write(folder: Path, certificate: Mapping[str, Any]) -> None:
    _write(folder / f"{certificate['id']}.json", certificate)


def suppressed_in(folder: Path) -> Iterator[str]:
    """The hashes of the users whose erasures are noted in a folder."""
    for path in sorted(folder.glob("*.json")):
        yield orjson.loads(path.read_bytes())["user_hash"]


def copy_missing(folder: Path, to: Path) -> None:
    """Take over the notes of another folder: of a backup, or of another installation."""
    for path in folder.glob("*.json"):
        if not (to / path.name).exists():
            _write(to / path.name, orjson.loads(path.read_bytes()))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

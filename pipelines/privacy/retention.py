"""Deletes what was kept long enough outside of the lake: ended sign-ins, emails in files, and logs."""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import LiteralString

from focusflow.database.session import Database, Role

ENDED_SIGN_INS: LiteralString = "delete from refresh_tokens where expires_at < %(before)s"


def delete_ended_sign_ins(database: Database, days: int) -> int:
    """Delete sign-ins that expired so many days ago. Returns the count."""
    with database.transaction(Role.AUTH) as tx:
        return tx.run(ENDED_SIGN_INS, {"before": tx.now - timedelta(days=days)})


def delete_email_files(home: Path, days: int, now: datetime) -> int:
    """Delete emails in files that are older than so many days; 0 keeps all. Returns the count."""
    old = [path for path in (home / "mails").glob("*.eml") if days and _age(path, now) > timedelta(days=days)]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def delete_temporary_files(home: Path, now: datetime) -> int:
    """Delete what queries spilled to disk that were killed: no query takes a day. Returns the count."""
    old = [path for path in (home / "tmp").rglob("*") if path.is_file() and _age(path, now) > timedelta(days=1)]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def shorten_logs(home: Path, days: int, now: datetime) -> int:
    """Move each log to its one older file when half the time is over since it was moved last, so that no line is older than so many days; 0
    leaves them to their size. Returns how many were moved.
    """
    moved = 0
    for log in (home / "logs").glob("*.log") if days else ():
        older = log.with_name(f"{log.name}.1")
        if log.stat().st_size and not (older.exists() and _age(older, now) < timedelta(days=days) / 2):
            shutil.copyfile(log, older)  # copied: its writer holds the file open
            os.truncate(log, 0)
            moved += 1
    return moved


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)

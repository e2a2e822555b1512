"""Forgets what has expired: answers kept for repeated requests, tokens of sign-ins and mails, attempts at passwords."""

from datetime import timedelta
from typing import Final, LiteralString

from focusflow.database.session import Database, Role

#: What goes, and how long after its time. An answer to a request can be asked for again for a day; a token that was used is kept past
#: its end, so that using it again is noticed.
EXPIRED: Final[tuple[tuple[LiteralString, timedelta], ...]] = (
    ("delete from idempotency_keys where created_at < %(before)s", timedelta(hours=24)),
    ("delete from refresh_tokens where expires_at < %(before)s", timedelta(days=30)),
    ("delete from mail_tokens where expires_at < %(before)s", timedelta(days=7)),
    ("delete from attempts where last_at < %(before)s", timedelta(days=1)),
)


def forget_expired(database: Database) -> int:
    """Returns how many rows went."""
    gone = 0
    for statement, after in EXPIRED:
        with database.transaction(Role.AUTH) as tx:
            gone += tx.run(statement, {"before": tx.now - after})
    return gone

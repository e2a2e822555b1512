"""What all senders of an installation know of the mail server: while it takes no email of anybody's, none is tried but one now and then.

An email that met an outage has not been tried: none of its attempts is used up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.mail import Delivery, Outcome

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: How long the server is left alone after the first failure; twice as long after each further one, up to the longest. Reminders should go
#: out soon after it is back.
FIRST, LONGEST = timedelta(minutes=1), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class MailOutage:
    """Kept in Postgres, so that every sender sees what one has found out."""

    database: Database

    def is_paused(self, now: datetime) -> bool:
        """Whether the server is to be left alone for the moment."""
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.one(QUERIES["paused"], {"now": now}) is not None

    def note(self, delivery: Delivery, now: datetime) -> None:
        """Learn from what became of an email: each that the server has looked at ends the outage."""
        if delivery.outcome is not Outcome.UNAVAILABLE:
            self.end()
            return
        values = {"now": now, "first": FIRST, "longest": LONGEST, "reason": delivery.reply[:500]}
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(QUERIES["note"], values)

    def end(self) -> None:
        """Try the server again at once."""
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(QUERIES["over"])

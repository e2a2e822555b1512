"""What became of the scores that users saw: the one place where it counts that one was shown."""

from datetime import date
from pathlib import Path
from typing import Any, Final

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role

QUERIES = load_queries(Path(__file__).with_name("feedback.sql"))

#: Ranks from here on are told together.
BEYOND: Final = 6


def uptake(database: Database, since: date) -> list[dict[str, Any]]:
    """Of the scores shown since a day, for each model and rank: how many, to how many users, and the share that was taken up."""
    with database.transaction(Role.REPORTING) as tx:
        return tx.all(QUERIES["uptake"], {"since": since, "now": tx.now, "beyond": BEYOND})

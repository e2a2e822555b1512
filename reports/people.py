"""Whom a report is for, as the operational database knows them now."""

from pathlib import Path

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.problems import NotFound
from reports.facts import Person

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


def by_email(database: Database, email: str) -> Person:
    with database.transaction(Role.REPORTING) as tx:
        found = tx.one(QUERIES["by_email"], {"email": email})
    if found is None:
        raise NotFound(f"Nobody here has the address {email}. See that it is the one of the account.")
    return Person(found["id"], found["display_name"], found["timezone"], found["week_start"])

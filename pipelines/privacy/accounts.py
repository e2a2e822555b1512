"""Accounts, as commands name them."""

from pathlib import Path
from uuid import UUID

from focusflow.database import audit
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import NotFound

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


def find_user(database: Database, user: str) -> UUID:
    """The id of the account with an email address or id."""
    with database.transaction(Role.AUTH) as tx:
        row = tx.one(QUERIES["find"], {"user": user.strip()})
    if row is None:
        raise NotFound(f"No account has the email address or id {user}.")
    user_id: UUID = row["id"]
    return user_id


def record(database: Database, action: str, user_id: UUID) -> None:
    """Note in the audit log what a command did to an account."""
    with database.transaction(Role.AUTH) as tx:
        audit.record(tx, action, actor_id=None, user_id=user_id, ip=audit.COMMAND_LINE)

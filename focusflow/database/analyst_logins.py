"""Accounts of PostgreSQL for the tools of analysts. They read the schema `gold` as members of one role, and nothing else."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from focusflow.database import audit
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.errors import Conflict, Invalid, NotFound

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
NAME = re.compile(r"(?!pg_|focusflow)[a-z][a-z0-9_]{2,39}")


def logins(database: Database) -> list[str]:
    """The accounts that there are, by name."""
    with database.owner() as connection:
        return [row["name"] for row in connection.execute(QUERIES["logins"])]


def create(database: Database, name: str) -> str:
    """Create an account. Returns its password, which is stored nowhere."""
    if not NAME.fullmatch(name):
        raise Invalid(
            "A name has 3 to 40 lower-case letters, digits and underscores, and begins with a letter, not with pg_ or focusflow."
        )
    with _as_owner(database, "analyst_login.created", name) as tx:
        if tx.one(QUERIES["exists"], {"name": name}) is not None:
            raise Conflict(f"PostgreSQL has a role {name} already. Choose another name, or rotate its password.")
        _run(tx, "create", name)
        for statement in ("group", "read_only", "path", "statement_timeout", "idle_timeout"):
            _run(tx, statement, name)
        return _set_password(tx, name)


def rotate(database: Database, name: str) -> str:
    """Give an account a new password. Returns it. Connections that are open stay open."""
    with _as_owner(database, "analyst_login.rotated", name) as tx:
        _require(tx, name)
        return _set_password(tx, name)


def drop(database: Database, name: str) -> None:
    """Delete an account, and end its connections."""
    with _as_owner(database, "analyst_login.dropped", name) as tx:
        _require(tx, name)
        tx.run(QUERIES["disconnect"], {"name": name})
        _run(tx, "drop", name)


@contextmanager
def _as_owner(database: Database, action: str, name: str) -> Iterator[Transaction]:
    """A transaction in which the account of the URL acts, with its entry in the audit log."""
    with database.transaction(Role.AUTH) as tx:
        tx.run("set local role none")
        yield tx
        tx.run(QUERIES["audited"])
        audit.record(tx, action, actor_id=None, user_id=None, ip=audit.COMMAND_LINE, after={"name": name})


def _require(tx: Transaction, name: str) -> None:
    if name not in [row["name"] for row in tx.all(QUERIES["logins"])]:
        raise NotFound(f"There is no analyst account {name}. `focusflow analysts list` shows those that are.")


def _set_password(tx: Transaction, name: str) -> str:
    """What is sent is the verifier: no log of the server can hold the password."""
    password = secrets.token_urlsafe(24)
    verifier = tx.connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    tx.connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(name), sql.Literal(verifier)))
    return password


def _run(tx: Transaction, statement: str, name: str) -> None:
    tx.connection.execute(sql.SQL(QUERIES[statement]).format(sql.Identifier(name)))

"""Whose rows a commit has changed. Tables about users say it with each commit, as long as those are few: what is made from such a table, checked
or published then follows these users, and leaves everybody else's rows as they are.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from focusflow.lake.tables import Pinned, quoted
from pipelines.engine.as_of import newest_metadata

USERS, TURNED, INPUTS = "users", "turned", "input_versions"

#: Of more users than this, a commit does not say who they are: then going by their buckets costs less.
MOST = 50

#: So many commits are looked at for the newest that is no housekeeping.
TAIL = 10

#: What moves a table on and changes no row.
HOUSEKEEPING = frozenset(("OPTIMIZE", "VACUUM START", "VACUUM END"))


def note(users: Mapping[str, date]) -> dict[str, str]:
    """What a commit says: the users whose rows it has changed, and from which day on."""
    return {USERS: json.dumps({user: day.isoformat() for user, day in users.items()})} if len(users) <= MOST else {}


def note_inputs(inputs: Iterable[Pinned]) -> dict[str, str]:
    """What a commit says of the tables that it was made from: each with its version."""
    return {INPUTS: json.dumps({each.name: each.version for each in inputs})}


def since(table: Pinned, version: int) -> dict[str, date] | None:
    """The users whose rows have changed after a version, and from which day on; None where it can be anybody's."""
    if version == table.version:
        return {}
    return table.remembered(f"users since {version}", lambda: _since(table, version))


def _since(table: Pinned, version: int) -> dict[str, date] | None:
    if version > table.version:
        return None
    commits = table.commit_metadata_since(version)
    changes = [each for each in commits if each["operation"] not in HOUSEKEEPING]
    if len(commits) < table.version - version or any(USERS not in each for each in changes):
        return None
    found: dict[str, date] = {}
    for each in changes:
        for user, day in json.loads(each[USERS]).items():
            found[user] = min(found.get(user, date.max), date.fromisoformat(day))
    return found if len(found) <= MOST else None


def versions_followed(table: Pinned) -> dict[str, int] | None:
    """Up to which version of each input a table was made; None where its rows were changed since by anything else, such as a repair."""
    return table.remembered("versions followed", lambda: _versions_followed(table))


def _versions_followed(table: Pinned) -> dict[str, int] | None:
    commits = [
        each
        for each in table.commit_metadata_since(max(0, table.version - TAIL))
        if each["operation"] not in HOUSEKEEPING
    ]
    if not commits or "as_of" not in commits[-1]:
        return None
    versions = newest_metadata(table, INPUTS)
    return json.loads(versions) if versions else None


def turned_since(table: Pinned, version: int) -> set[str]:
    """The users for whom a day has begun after a version, of those whose rows have changed."""
    commits = table.commit_metadata_since(version) if version < table.version else []
    return {user for each in commits for user in json.loads(each.get(TURNED, "[]"))}


def condition(users: Collection[str]) -> str:
    """The rows of some users, in SQL."""
    return f"user_id in ({', '.join(map(quoted, sorted(users)))})" if users else "false"

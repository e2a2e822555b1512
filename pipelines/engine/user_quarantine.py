"""Users whose rows break a rule: their rows are published again when they break none, and all other users' go on meanwhile.

The table in the lake is what the publication, the catalog, reports and Data health go by. It has a partition for each table that is checked,
which is replaced when that table is checked.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import pyarrow as pa

from focusflow.lake.session import Scan, Session
from focusflow.lake.tables import QUARANTINED_USERS, Lake, Pinned, quoted
from pipelines.engine import changed_users, descriptions

USERS = descriptions.table(QUARANTINED_USERS).spec


@dataclass(frozen=True, slots=True)
class Violation:
    """How many rows of a user break a rule, and since when. The table is called as in SQL: a partition with a slash in it would be a folder."""

    user_id: str
    rule: str
    broken: int
    since: datetime
    table_name: str

    @property
    def sentence(self) -> str:
        return (
            f"User {self.user_id} is quarantined since {self.since:%Y-%m-%d %H:%M} UTC: "
            f"{self.broken:,} {self.rule.replace('_', ' ')} in {self.table_name}."
        )


def violations(lake: Lake, session: Session) -> list[Violation]:
    """Everything that users are quarantined for."""
    table = lake.pinned(USERS.name)
    return table.remembered("violations", lambda: _violations(table, session)) if table else []


def _violations(table: Pinned, session: Session) -> list[Violation]:
    columns = ", ".join(field.name for field in fields(Violation))
    found = session.rows(
        f"from violations select {columns} order by table_name, rule, user_id", {"violations": Scan.of(table)}
    )
    return [Violation(*row) for row in found]


def quarantined(lake: Lake, session: Session) -> list[str]:
    """The ids of the users whose rows are held back."""
    return sorted({each.user_id for each in violations(lake, session)})


def scans_without(tables: Iterable[Pinned], users: Collection[str]) -> dict[str, Scan]:
    """Tables as inputs, without the rows of some users."""
    condition = f"not {changed_users.condition(users)}"
    return {
        each.name.replace("/", "."): Scan(f"from {each.scan()} where {condition}")
        if users and "user_id" in each.columns().names
        else Scan.of(each)
        for each in tables
    }


def record(
    lake: Lake,
    session: Session,
    table: str,
    broken: Mapping[str, Mapping[str, int]],
    now: datetime,
) -> None:
    """Put down which users break which rules of a table, and nobody else. Whoever was there already stays there since then."""
    name = table.replace("/", ".")
    before = {(each.user_id, each.rule): each for each in violations(lake, session) if each.table_name == name}
    after = {
        (user, rule): Violation(user, rule, count, before[user, rule].since if (user, rule) in before else now, name)
        for rule, users in broken.items()
        for user, count in users.items()
    }
    if after == before:
        return
    rows = [dict(zip(USERS.schema.names, astuple(each), strict=True)) for each in after.values()]
    lake.open(USERS).replace(
        pa.Table.from_pylist(rows, schema=USERS.schema), where=f"table_name = {quoted(name)}", positions={}
    )

"""Tells users what they reached, once each: by the published table, and kept in `earned_achievements`, so that nothing takes it away or tells it again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from focusflow import clock, locales
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.identity import new_id
from reports.failures import Attempts, Item
from reports.notifications.achievements import BY_NAME, title_of
from reports.render import Notice

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


LEAD = mark("Well done. This achievement is yours to keep.")


@dataclass(frozen=True, slots=True)
class AchievementEvaluator:
    """Looks who reached what. Several may be at it at once."""

    database: Database
    now: Callable[[], datetime] = clock.now

    def run(self) -> int:
        """How many were told of something. Of several at once of a kind, only the farthest is told."""
        attempts = Attempts.at(self.database, "achievement", self.now())
        with self.database.transaction(Role.REPORTING) as tx:
            found = [row for row in tx.all(QUERIES["new"]) if row["name"] in BY_NAME]
        found.sort(key=lambda row: (row["user_id"], BY_NAME[row["name"]].metric, BY_NAME[row["name"]].threshold))
        earned = [
            list(rows) for _key, rows in groupby(found, lambda row: (row["user_id"], BY_NAME[row["name"]].metric))
        ]
        return sum(bool(attempts.make(_item(rows), partial(self._earned, rows))) for rows in earned)

    def _earned(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        user_id, now = rows[-1]["user_id"], self.now()
        with self.database.transaction(Role.REPORTING) as tx:
            names = [row["name"] for row in rows]
            kept = tx.all(QUERIES["keep"], {"user_id": user_id, "names": names, "now": now})
            if names[-1] not in {row["achievement"] for row in kept}:  # another user was quicker
                return False
            tx.run(QUERIES["tell"], {"user_id": user_id, "now": now, **_note(rows[-1])})
        return True


def _item(rows: Sequence[Mapping[str, Any]]) -> Item:
    return Item(rows[-1]["user_id"], rows[-1]["name"])


def _note(row: Mapping[str, Any]) -> dict[str, Any]:
    name, points = row["name"], BY_NAME[row["name"]].points
    with locales.using(row["locale"]):
        title, lead = title_of(name), _(LEAD)
    data = {"achievement": name, "points": points, "notice": asdict(Notice(lead))}
    return {"id": new_id(), "title": title, "body": lead, "data": Jsonb(data)}

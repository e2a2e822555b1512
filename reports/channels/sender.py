"""Sends what waits to the channels of users: not in quiet hours, again after failures, and not once it is of no use any more."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from focusflow import clock, locales
from focusflow.database.session import Database, Role
from focusflow.encryption import decrypt
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.identity import new_id
from focusflow.lanes import Lanes, Turns
from focusflow.notification_kinds import KINDS
from focusflow.outbound import OutboundPolicy
from focusflow.settings import Settings
from reports.channels import services
from reports.channels.queue import QUERIES
from reports.delivery.schedule import next_attempt, seems_quiet
from reports.recipients import Recipients

PURPOSE: Final = "channel"
TEST: Final = "test"

#: How long to wait after each attempt that failed.
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 480))

#: Who claimed a message and has not said what became of it after this time was killed.
LEASE: Final = timedelta(seconds=60)

#: So often it is looked whether quiet hours are over.
QUIET: Final = timedelta(minutes=5)

#: After a failure a channel is left alone for a while, twice as long after each further one.
FIRST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(hours=1)

#: A channel that fails for so long is turned off.
PATIENCE: Final = timedelta(days=3)

UNREADABLE = "The address of this channel cannot be read with the key of this installation. Enter it again."
DISABLED_TITLE = mark("A notification channel was turned off")
DISABLED = mark(
    "No message to {name} was accepted for three days. Look at its address and turn it on again in the settings."
)


@dataclass(slots=True)
class ChannelSender:
    """Sends what waits. Several may be at it."""

    settings: Settings
    database: Database
    now: Callable[[], datetime] = clock.now
    lanes: Lanes = field(default_factory=lambda: Lanes("channels", at_once=8, slow=4))

    def in_background(self) -> Turns:
        return Turns("channels", self.turn, self.lanes.close)

    def turn(self) -> list[Future[None]]:
        """Begin to serve channels as long as there is room. Returns what was begun."""
        with self.database.transaction(Role.REPORTING) as tx:
            values = {"now": self.now(), "busy": self.lanes.busy(), "limit": 4 * self.lanes.at_once}
            rows = tx.all(QUERIES["due"], values)
        if not rows:
            return []
        found = Recipients(self.database, self.settings.must_verify_email).by_ids([row["user_id"] for row in rows])
        owners = {row["id"]: found.get(row["user_id"]) for row in rows}
        quiet = {id_ for id_, to in owners.items() if to is not None and seems_quiet(to, self.now())}
        return self.lanes.begin(
            rows, lambda channel_id: self._send_next(channel_id, in_quiet_hours=channel_id in quiet)
        )

    def _send_next(self, channel_id: UUID, *, in_quiet_hours: bool) -> bool:
        """Whether something was sent, and taken."""
        now = self.now()
        waiting_kinds = [name for name, kind in KINDS.items() if kind.waits_for_quiet_hours]
        values = {"channel_id": channel_id, "now": now, "is_quiet": in_quiet_hours, "waiting_kinds": waiting_kinds}
        with self.database.transaction(Role.REPORTING) as tx:
            row = tx.one(QUERIES["claim"], values | {"until": now + LEASE})
            if row is None and in_quiet_hours:
                tx.run(QUERIES["later"], values | {"again_at": now + QUIET})
        if row is None:
            return False
        problem = self._attempt(row)
        self._record(row, problem)
        return problem is None

    def _attempt(self, row: Mapping[str, Any]) -> str | None:
        """Why a message was not taken; None if it was."""
        if row["useful_until"] < self.now():
            return "It was of no use any more."
        text = decrypt(self.settings.keys, PURPOSE, row["user_id"], row["secret"])
        if text is None:
            return UNREADABLE
        try:
            policy = OutboundPolicy.of(self.settings.outbound_networks)
            services.send(services.read_address(text.decode()), policy, row["title"], row["body"] or "")
        except Problem as problem:
            return str(problem)
        return None

    def _record(self, row: Mapping[str, Any], problem: str | None) -> None:
        now = self.now()
        values = {"id": row["id"], "channel_id": row["channel_id"], "now": now, "problem": problem}
        with self.database.transaction(Role.REPORTING) as tx:
            if problem is None:
                tx.run(QUERIES["delivered"], values)
                tx.run(QUERIES["works"], values)
                return
            again_at = None if row["kind"] == TEST else next_attempt(row["attempts"], now, PAUSES)
            is_over = again_at is None or again_at > row["useful_until"]
            tx.run(
                QUERIES["failed"], values | {"status": "dead" if is_over else "waiting", "next_attempt_at": again_at}
            )
            if row["useful_until"] < now:
                return  # that is not the fault of the channel
            rest = min(FIRST_REST * 2 ** min(row["failures"], 20), LONGEST_REST)
            tx.run(QUERIES["fails"], values | {"paused_until": now + rest})
            if (
                row["failing_since"] is not None
                and row["failing_since"] <= now - PATIENCE
                and tx.one(QUERIES["disable"], values)
            ):
                tx.run(QUERIES["bury"], values)
                account = tx.one(QUERIES["locale"], row)
                with locales.using(account["locale"] if account else locales.DEFAULT):
                    texts = {"title": _(DISABLED_TITLE), "body": _(DISABLED, name=row["name"])}
                tx.run(QUERIES["notify"], {"id": new_id(), "user_id": row["user_id"], "now": now} | texts)

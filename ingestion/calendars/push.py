"""Channels by which a provider says that a calendar changed. They expire, so they are prolonged in time; without them, the next
synchronization finds the change a little later. So what fails here fails nothing else.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from focusflow.calendar_providers import push_secret
from focusflow.errors import Problem
from ingestion.calendars.connection import Connection
from ingestion.calendars.provider import ProviderServer
from ingestion.calendars.server import Precondition

log = logging.getLogger(__name__)

#: A channel is prolonged so long before it expires, and one that could not be made is tried again after so long.
MARGIN, RETRY = timedelta(days=1), timedelta(days=1)

Channel = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of a connection. `push_url` is where the provider reaches this installation; None where it does not."""

    connection: Connection
    server: ProviderServer
    push_url: str | None
    now: datetime

    def keep(self) -> None:
        """Have the calendars watched that are read, and no others."""
        state = self.connection.state
        channels: dict[str, Channel] = state.setdefault("channels", {})
        before = dict(channels)
        wanted = set(state.get("calendars", {})) if self.push_url is not None else set()
        for calendar in wanted:
            channel = channels.get(calendar, {})
            if not channel or datetime.fromisoformat(channel["renew_at"]) <= self.now:
                channels[calendar] = self._open(calendar, channel)
        for calendar in channels.keys() - wanted:
            del channels[calendar]
        for calendar, channel in before.items():
            if channels.get(calendar, {}).get("id") != channel.get("id"):
                self._stop(channel)
        if channels != before:
            with self.connection.transaction() as tx:
                self.connection.keep_state(tx)

    def stop(self) -> None:
        for channel in self.connection.state.get("channels", {}).values():
            self._stop(channel)

    def _open(self, calendar: str, known: Channel) -> Channel:
        address = f"{self.push_url}/{self.connection.account.id.hex}{self.connection.id.hex}"
        secret = push_secret(self.connection.keys.signing, self.connection.id)
        try:
            channel, until = self.server.watch(calendar, address, secret, known.get("id"))
        except (Problem, Precondition) as problem:
            log.warning("calendar connection %s is not watched: %s", self.connection.id, problem)
            return {**known, "renew_at": (self.now + RETRY).isoformat()}
        return {**channel, "renew_at": (until - MARGIN).isoformat()}

    def _stop(self, channel: Channel) -> None:
        if "id" in channel:
            try:
                self.server.unwatch(channel)
            except Problem as problem:
                log.info("a channel was not stopped and will expire: %s", problem)

"""Channels by which a provider says that a calendar changed. They expire, so they are made anew in time; without them, the next
synchronization finds the change a little later. So what fails here fails nothing else.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from focusflow.calendar_providers import CalendarProvider, push_secret
from focusflow.errors import Problem
from ingestion.calendars.connection import Connection
from ingestion.calendars.provider import ProviderServer
from ingestion.calendars.server import Precondition

log = logging.getLogger(__name__)

#: A channel is made anew so long before it expires, and one that could not be made is tried again after so long.
MARGIN, RETRY = timedelta(days=1), timedelta(days=1)


def keep_watching(connection: Connection, server: ProviderServer, provider: CalendarProvider, now: datetime) -> None:
    """Have the calendars watched that are read, and no others."""
    channels: dict[str, dict[str, Any]] = connection.state.setdefault("channels", {})
    wanted = set(connection.state.get("calendars", {})) if provider.push_url is not None else set()
    before = dict(channels)
    for calendar in wanted:
        channel = channels.get(calendar)
        if channel is None or datetime.fromisoformat(channel["renew_at"]) <= now:
            channels[calendar] = _watch(connection, server, provider, calendar, now)
    for calendar in channels.keys() - wanted:
        del channels[calendar]
    for calendar, channel in before.items():
        if channels.get(calendar) != channel:
            _stop(server, channel)
    if channels != before:
        with connection.transaction() as tx:
            connection.keep_state(tx)


def stop_watching(connection: Connection, server: ProviderServer) -> None:
    for channel in connection.state.get("channels", {}).values():
        _stop(server, channel)


def _watch(
    connection: Connection, server: ProviderServer, provider: CalendarProvider, calendar: str, now: datetime
) -> dict[str, Any]:
    address = f"{provider.push_url}/{connection.account.id.hex}{connection.id.hex}"
    try:
        channel, until = server.watch(calendar, address, push_secret(connection.keys.signing, connection.id))
    except (Problem, Precondition) as problem:
        log.warning("calendar connection %s is not watched: %s", connection.id, problem)
        return {"renew_at": (now + RETRY).isoformat()}
    return {**channel, "renew_at": (until - MARGIN).isoformat()}


def _stop(server: ProviderServer, channel: dict[str, Any]) -> None:
    if "id" in channel:
        try:
            server.unwatch(channel)
        except Problem as problem:
            log.info("a channel was not stopped and will expire: %s", problem)

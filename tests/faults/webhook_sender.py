"""A sender of webhooks as the fault tests run and kill it: real database, real receiver."""

import signal
from collections.abc import Mapping
from concurrent.futures import wait
from datetime import datetime
from pathlib import Path
from typing import Any

from focusflow.database.session import Database, Role
from focusflow.settings import Settings, load_settings
from ingestion.webhooks.sender import QUERIES, Outcome, WebhookSender
from tests.faults.points import Point

KEY = "Xq7Kd0Zt5Rw2Pn8Lb3Vc6Hy1Mf4Jg9Sa"


def settings_for(home: Path) -> Settings:
    return load_settings(home=home, secret_key=KEY, outbound_networks="127.0.0.0/8,::1/128")


def send(url: str, home: str, now: datetime, sender_of: type[WebhookSender] = WebhookSender) -> None:
    """Everything that is due at a moment is sent."""
    with Database(url, connections=6) as database:
        sender = sender_of(settings_for(Path(home)), database, lambda: now, jitter=lambda: 1.0)
        while begun := sender.turn():
            assert not wait(begun, 20).not_done
        sender.close()


def send_until(url: str, home: str, now: datetime, point: Point, sender_of: type[WebhookSender]) -> None:
    """A sender that is killed when it comes to a point."""
    point.strike(signal.SIGKILL)
    send(url, home, now, sender_of)


class Hasty(WebhookSender):
    """The mutant: it writes down that a message was delivered, and then sends it."""

    def _attempt(self, row: Mapping[str, Any]) -> Outcome:
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(QUERIES["delivered"], {"id": row["id"], "now": self.now(), "response_status": 200})
        return super()._attempt(row)

"""Exports that users asked for: what waits is written, and what has expired is deleted."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from focusflow import clock
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.settings import Settings
from pipelines.privacy.export import Exporter

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: An export that cannot be written is tried so often. Its user can ask for another.
ATTEMPTS = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exports:
    """The requests of all users."""

    database: Database
    settings: Settings

    def are_waiting(self) -> bool:
        with self.database.transaction(Role.PRIVACY) as tx:
            return tx.one(QUERIES["waiting"]) is not None

    def write_requested(self, exporter: Exporter) -> dict[str, int]:
        """Write each export that waits. After a crash, the next run writes it again. Returns what came of them."""
        counts = {"written": 0, "failed": 0}
        with self.database.transaction(Role.PRIVACY) as tx:
            waiting = tx.all(QUERIES["waiting"])
        for row in waiting:
            is_written = self._write(exporter, row["id"], row["user_id"])
            counts["written" if is_written else "failed"] += 1
        return counts

    def _write(self, exporter: Exporter, export_id: UUID, user_id: UUID) -> bool:
        with self.database.transaction(Role.PRIVACY, user_id) as tx:
            tx.run(QUERIES["attempt"], {"id": export_id, "now": tx.now})
        path = file_of(self.settings, export_id)
        try:
            exporter.write(user_id, path, clock.now())
        except Exception:
            log.exception("the export %s could not be written", export_id)
            with self.database.transaction(Role.PRIVACY, user_id) as tx:
                tx.run(QUERIES["give_up"], {"id": export_id, "attempts": ATTEMPTS, "now": tx.now})
            return False
        with self.database.transaction(Role.PRIVACY, user_id) as tx:
            expires_at = tx.now + timedelta(days=self.settings.export_days)
            size = path.stat().st_size
            tx.run(QUERIES["finish"], {"id": export_id, "bytes": size, "expires_at": expires_at, "now": tx.now})
        return True

    def delete_expired(self) -> int:
        """Delete the files of expired exports, and those that belong to none. Returns how many."""
        with self.database.transaction(Role.PRIVACY) as tx:
            tx.run(QUERIES["expire"], {"now": tx.now})
            kept = {file_of(self.settings, row["id"]) for row in tx.all(QUERIES["kept"])}
        old = [path for path in self.settings.exports_folder.glob("*.zip") if path not in kept]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def file_of(settings: Settings, export_id: UUID) -> Path:
    return settings.exports_folder / f"{export_id}.zip"

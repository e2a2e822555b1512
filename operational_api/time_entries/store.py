"""Storage of time entries with their events."""

from focusflow.database.tables import time_entries
from focusflow.errors import NotFound
from operational_api.entities import Entity
from operational_api.time_entries.schemas import Entry


class EntryNotFound(NotFound):
    """No time entry has this id."""


TIME_ENTRIES = Entity(time_entries, Entry, EntryNotFound, "time")

"""Time entries as rows with events."""

from focusflow.database.tables import time_entries
from focusflow.errors import NotFound
from operational_api.entities import Entity
from operational_api.time_entries.schemas import Entry


class EntryNotFound(NotFound):
    """There is no such time entry."""


TIME_ENTRIES = Entity(time_entries, Entry, EntryNotFound, "time")

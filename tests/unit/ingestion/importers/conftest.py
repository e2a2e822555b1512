"""Reads an upload with a format, as an import does, but for the database."""

from datetime import UTC, datetime

import pytest

from focusflow.clock import zone
from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.formats import find_format, formats
from ingestion.importers.engine.normalize import normalize
from ingestion.importers.engine.records import Finding, Surroundings

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)


class Read:
    """The records and findings of an upload."""

    def __init__(self, name, content, timezone="Europe/Berlin"):
        upload = Upload(name, content.encode() if isinstance(content, str) else content)
        surroundings = Surroundings(zone(timezone), NOW)
        self.format = find_format(upload)
        self.items = [
            result
            for item in formats()[self.format].read(upload, surroundings)
            for result in ([item] if isinstance(item, Finding) else normalize(item, surroundings))
        ]

    @property
    def records(self):
        return [item for item in self.items if not isinstance(item, Finding)]

    @property
    def findings(self):
        return [f"{item.place}: {item.outcome}: {item.reason}" for item in self.items if isinstance(item, Finding)]

    def one(self):
        (record,) = self.records
        return record


@pytest.fixture
def read():
    return Read

"""The installation as Dagster's assets see it. Tests hand over one of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import dagster as dg

from focusflow import clock
from focusflow.database.clock_check import require_agreement
from focusflow.database.installation import running_database
from focusflow.database.session import Database
from focusflow.lake.session import Session, duckdb_session
from focusflow.lake.tables import Lake
from focusflow.settings import Settings, load_settings
from models.serving.registry import Registry

#: Runs and sensors that may need a connection at the same moment.
RUN_CONNECTIONS = 10

#: Databases that this process holds open, by home: to open one for each step and each look of a sensor takes .1 s of CPU.
RESIDENT: Final = dict[Path, Database]()


@contextmanager
def resident_database(settings: Settings) -> Iterator[Database]:
    """Hold the database open for whatever runs in this process."""
    with (
        running_database(settings) as url,
        Database(url, connections=settings.mail_connections + RUN_CONNECTIONS) as database,
    ):
        RESIDENT[settings.home] = database
        try:
            yield database
        finally:
            del RESIDENT[settings.home]


class Installation(dg.ConfigurableResource[Settings]):
    """The lake and the database that the settings name."""

    home: str | None = None

    @cached_property
    def settings(self) -> Settings:
        return load_settings(home=self.home) if self.home else load_settings()

    @property
    def buckets(self) -> int:
        return self.settings.buckets

    @property
    def lake(self) -> Lake:
        return Lake.of(self.settings)

    @property
    def models(self) -> Registry:
        return Registry(self.settings.models_folder)

    def session(self) -> Session:
        return duckdb_session(temp_directory=str(self.settings.home / "tmp"))

    def checked_now(self) -> datetime:
        """This moment, where the database agrees."""
        with self.database() as database:
            require_agreement(database)
        return clock.now()

    @contextmanager
    def database(self, connections: int = 1) -> Iterator[Database]:
        if resident := RESIDENT.get(self.settings.home):
            yield resident
            return
        with running_database(self.settings) as url, Database(url, connections=connections) as database:
            yield database

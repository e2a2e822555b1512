"""Runs Alembic's migrations. Apart from the rest, for it takes a second to load and is seldom needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from focusflow.database.watchdog import watch_connection


def upgrade(url: str, answer_timeout_seconds: float) -> None:
    """To the newest revision, in one transaction."""
    with schema_connection(url, answer_timeout_seconds) as connection:
        command.upgrade(schema_config(connection), "head")


def schema_config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


@contextmanager
def schema_connection(url: str, answer_timeout_seconds: float) -> Iterator[sa.Connection]:
    """A transaction of the schema's owner."""
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, connect_timeout=5), poolclass=sa.NullPool
    )
    try:
        with engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            with watch_connection(driver, answer_timeout_seconds):
                yield connection
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise psycopg.OperationalError(str(error)) from error
    finally:
        engine.dispose()

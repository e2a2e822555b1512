"""What the query of a table is given: the tables that it reads, the relations that several tables share, and what the `inputs.py` of its folder
makes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from typing import TypeAlias

import pyarrow as pa

from focusflow.lake.session import Inputs, Relation, Session
from pipelines.engine.descriptions import FOLDER, Table
from pipelines.engine.window import Window

#: What queries call by name.
MACROS = (FOLDER / "macros.sql").read_text(encoding="utf-8")

Producer: TypeAlias = Callable[[Session, Inputs, Window], pa.Table]


def _read(name: str) -> str:
    return (FOLDER / "relations" / f"{name}.sql").read_text(encoding="utf-8")


USERS, USER_TIMEZONES, DAYS_OFF = _read("users"), _read("user_timezones"), _read("days_off")


def users(session: Session, inputs: Inputs, as_of: datetime) -> pa.Table:
    """Every user, with what their days and weeks go by: one row per user."""
    return session.run(USERS, inputs, {"as_of": as_of})


def user_timezones(session: Session, inputs: Inputs) -> pa.Table:
    """In which zone each user was, from when to when: one row per user and stay."""
    return session.run(USER_TIMEZONES, inputs)


def days_off(session: Session, inputs: Inputs) -> pa.Table:
    """Each date of the days off of `users`, and from when until when it was known: one row per day off, version and date."""
    return session.run(DAYS_OFF, inputs)


def dirty_months(window: Window) -> pa.Table:
    """From which day on a table that is built by month is built again: one row."""
    return pa.table({"from_day": pa.array([window.from_day], pa.date32())})


#: The relations that a table may declare beside tables and those of its own folder, by name.
SHARED: Mapping[str, Producer] = {
    "users": lambda session, inputs, window: users(session, inputs, window.as_of),
    "user_timezones": lambda session, inputs, _: user_timezones(session, inputs),
    "days_off": lambda session, inputs, _: days_off(session, inputs),
    "dirty_months": lambda _session, _inputs, window: dirty_months(window),
}


def producer(table: Table, name: str) -> Producer:
    """What makes a relation that a table declares."""
    if name in SHARED:
        return SHARED[name]
    own: Producer = getattr(import_module(f"pipelines.tables.{table.layer}.{table.folder.name}.inputs"), name)
    return own


def table_inputs(session: Session, table: Table, tables: Inputs, window: Window) -> dict[str, Relation]:
    """The relations that a table declares, and no others. What it declares first is there for what it declares later."""
    given: dict[str, Relation] = {}
    for name in table.inputs:
        given[name] = tables[name] if "." in name else producer(table, name)(session, {**tables, **given}, window)
    return given

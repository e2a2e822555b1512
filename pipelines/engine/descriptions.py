"""What tables there are. A folder `tables/<layer>/<table>/` with a `table.toml` is a table, and nothing else says what it is made of:
the order of builds, assets, checks, schemas, publication and documents are derived from here.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, get_type_hints

import pyarrow as pa

from focusflow.contracts.fields import is_hashed, public_columns
from focusflow.contracts.registry import NOUNS, Noun
from focusflow.lake.tables import TableSpec, arrow_type
from focusflow.metrics import BY_NAME as METRICS

FOLDER = Path(__file__).parents[1] / "tables"

#: Relations that several tables name among their inputs, and what each of them is made from.
SHARED_RELATIONS: Mapping[str, tuple[str, ...]] = {
    "users": ("silver.user_history",),
    "user_timezones": ("silver.user_history",),
    "days_off": ("silver.day_off_history",),
    "dirty_months": ("gold.productivity_daily",),
}

#: Nouns that have a state to look back on; the others happen once and are read from silver/events.
NOUNS_WITH_HISTORY = tuple(noun for noun in NOUNS if noun.name not in ("activity", "generation", "report_delivery"))


@dataclass(frozen=True)
class Column:
    """A column of a table: its type as SQL names it, its unit, what it means, and what must hold of its values."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    tests: Mapping[str, Any] = field(default_factory=dict)

    @property
    def description(self) -> str:
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning


@dataclass(frozen=True)
class Table:
    """A table of the lake, as its folder describes it."""

    layer: str
    name: str
    folder: Path
    toml: Mapping[str, Any]
    columns: tuple[Column, ...]

    @property
    def full_name(self) -> str:
        return f"{self.layer}/{self.name}"

    @property
    def sql_name(self) -> str:
        return f"{self.layer}.{self.name}"

    @property
    def description(self) -> str:
        return " ".join(str(self.toml["description"]).split())

    @property
    def computation(self) -> str:
        """The version of its query. Raise it when the same events come to other rows: the next refresh then builds the table again."""
        return str(self.toml.get("computation", 1))

    @property
    def grain(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return tuple(self.toml["grain"])

    @property
    def inputs(self) -> tuple[str, ...]:
        """What its query reads: tables as `layer.table`, and relations by their names."""
        return tuple(self.toml["inputs"])

    @property
    def reads(self) -> list[str]:
        """The tables that it is made from, directly or by way of a relation."""
        named = [source for name in self.inputs for source in SHARED_RELATIONS.get(name, (name,))]
        return list(dict.fromkeys(name.replace(".", "/") for name in named if "." in name))

    @property
    def full_history_of(self) -> list[str]:
        """What it reads of all times, although its own rows are built by month."""
        return [name.replace(".", "/") for name in self.toml.get("full_history_of", [])]

    @property
    def check_inputs(self) -> list[str]:
        """The tables that its cross-table checks compare it with."""
        declared = [name.replace(".", "/") for name in self.toml.get("check_inputs", [])]
        referenced = [
            column.tests["references"].rpartition(".")[0].replace(".", "/")
            for column in self.columns
            if "references" in column.tests
        ]
        return list(dict.fromkeys([*declared, *referenced]))

    @property
    def row_rules(self) -> Mapping[str, str]:
        """Conditions that no row may meet, by the name of their rule."""
        return {name: " ".join(condition.split()) for name, condition in self.toml.get("row_rules", {}).items()}

    @property
    def partition_by(self) -> tuple[str, ...]:
        return tuple(self.toml.get("partition_by", ()))

    @property
    def is_checked(self) -> bool:
        """Whether each refresh holds it against its rules."""
        declares = self.row_rules or self.checks_file.exists() or any(column.tests for column in self.columns)
        return bool(declares or self.layer == "gold") and not self.is_internal

    @property
    def checks_file(self) -> Path:
        """Where the rules stand that compare it with other tables: each a query of the rows that break it."""
        return self.folder / "checks.sql"

    @property
    def group(self) -> str:
        return str(self.toml.get("group", self.layer))

    @property
    def is_built_by_query(self) -> bool:
        """Whether one query makes it, of inputs that its folder names."""
        return self.layer == "gold" and "builder" not in self.toml

    @property
    def is_rebuildable(self) -> bool:
        """Whether its rows can all be computed again, so that a changed schema needs no migration."""
        return bool(self.toml.get("is_rebuildable", self.layer == "gold"))

    @property
    def is_internal(self) -> bool:
        """Whether only the platform reads it: it is neither checked nor shown to analysts."""
        return bool(self.toml.get("is_internal", False))

    @property
    def has_personal_text(self) -> bool:
        """Whether events lie in it as they came, with what users wrote; nobody but the platform reads them."""
        return bool(self.toml.get("has_personal_text", False))

    @property
    def is_personal(self) -> bool:
        """Whether each row is a user's."""
        return any(column.name == "user_id" for column in self.columns)

    @property
    def is_by_month(self) -> bool:
        """Whether its rows are about days, and those of a month are made of what was so in it, or some days before."""
        return "lookback_days" in self.toml

    @property
    def lookback_days(self) -> int:
        return int(self.toml.get("lookback_days", 0))

    @property
    def pause(self) -> timedelta:
        """How long a live refresh lets it rest: what is about all users cannot be recomputed for each event, and nobody looks at it that often."""
        return timedelta(minutes=int(self.toml.get("pause_minutes", 0)))

    @property
    def is_timeless(self) -> bool:
        """Whether its rows are about no day, so that none of them is ever too old to be asked for."""
        return bool(self.toml.get("is_timeless", False))

    @property
    def is_published(self) -> bool:
        """Whether the API answers with its rows."""
        return "day" in self.toml and not self.is_internal and bool(self.toml.get("is_published", True))

    @property
    def day(self) -> str:
        """The column by which its rows are found."""
        return str(self.toml["day"])

    @property
    def key(self) -> tuple[str, ...]:
        """What tells apart the rows of one user and day."""
        return tuple(name for name in self.grain if name not in ("user_id", self.day))

    @property
    def own_columns(self) -> list[Column]:
        """Its columns without those that only say whose a row is and in which partition it lies."""
        return [column for column in self.columns if column.name not in ("user_id", *self.partition_by)]

    @property
    def files(self) -> list[Path]:
        """Where the statements that make it stand."""
        return [self.folder / name for name in self.toml.get("queries", ["query.sql"])]

    @property
    def query(self) -> str:
        (file,) = self.files
        return file.read_text(encoding="utf-8")

    @cached_property
    def spec(self) -> TableSpec:
        return TableSpec(
            self.full_name,
            pa.schema([(column.name, arrow_type(column.type)) for column in self.columns]),
            self.partition_by,
            is_computed=self.is_rebuildable,
        )


def table(name: str) -> Table:
    """The table of that name, such as `gold/time_daily`."""
    return by_name()[name]


@cache
def by_name() -> Mapping[str, Table]:
    """All tables, each after those that it is made from."""
    found = {each.full_name: each for each in sorted(read_tables(FOLDER), key=lambda each: each.full_name)}
    order = TopologicalSorter({name: sorted(set(each.reads) - {name}) for name, each in found.items()}).static_order()
    return {name: found[name] for name in order}


def history_name(noun: Noun) -> str:
    return f"silver/{noun.name}_history"


def entity_column(noun: Noun) -> str:
    """The column of the entity's id; `user_id` is the owner's, everywhere."""
    return "account_id" if noun.name == "user" else f"{noun.name}_id"


def read_tables(folder: Path) -> Iterator[Table]:
    """Every table that a folder describes, in no order."""
    shared = tomllib.loads((folder / "columns.toml").read_text(encoding="utf-8"))["columns"]
    for file in folder.glob("*/*/table.toml"):
        text = file.read_text(encoding="utf-8")
        layer, name = file.parent.parts[-2:]
        if "name" not in tomllib.loads(text):
            toml = tomllib.loads(text)
            columns = tuple(_column(name, own, shared) for name, own in toml["columns"].items())
            yield Table(layer, name, file.parent, toml, columns)
            continue
        for noun in NOUNS_WITH_HISTORY:
            words = {"{noun}": noun.name.replace("_", " "), "{entity}": entity_column(noun)}
            toml = tomllib.loads(_replaced(text, words))
            yield Table(layer, f"{noun.name}_history", file.parent, toml, tuple(_history_columns(noun, toml, shared)))


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


HASHED = "A hash of each by a key of the installation; equal ones of a user are equal."


def _history_columns(noun: Noun, toml: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[Column]:
    """The columns that every history has, and the fields of the noun in the contract."""
    for name, own in toml["columns"].items():
        if name != "{contract}":
            yield _column(name, own, shared)
            continue
        for field_name, type_ in public_columns(noun.data).items():
            described = noun.data.model_fields[field_name].description or ""
            is_secret = is_hashed(get_type_hints(noun.data, include_extras=True)[field_name])
            meaning = " ".join(filter(None, (own["meaning"], described, HASHED if is_secret else "")))
            yield Column(field_name, type_, meaning)


def _column(name: str, own: Mapping[str, Any], shared: Mapping[str, Any]) -> Column:
    tests = own.get("tests", {})
    if "metric" in own or "sum_of" in own:
        metric = METRICS[own.get("metric") or own["sum_of"]]
        meaning = metric.meaning if "metric" in own else f"The sum of its days. {metric.meaning}"
        return Column(name, metric.type, meaning, metric.unit, tests)
    known = {**shared.get(name, {}), **own}
    return Column(name, known["type"], known["meaning"], known.get("unit", ""), tests)


#: All tables, each after those that it is made from.
TABLES = tuple(by_name().values())

#: Those that one query makes, in that order.
BUILT_BY_QUERY = tuple(each for each in TABLES if each.is_built_by_query)

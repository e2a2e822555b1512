"""Every table is described by its folder, and by nothing else."""

import pytest

from focusflow.lake.tables import RAW_EVENTS, duckdb_type
from pipelines.engine.descriptions import FOLDER, TABLES, Table, table
from pipelines.engine.rules import rules_of

NAMES = [each.full_name for each in TABLES]


@pytest.mark.parametrize("described", TABLES, ids=NAMES)
def test_a_table_names_what_it_is_made_from_and_says_what_its_columns_mean(described: Table):
    names = [column.name for column in described.columns]
    assert described.description.endswith(".")
    assert all(column.meaning.endswith(".") for column in described.columns)
    assert {*described.grain, *described.partition_by} <= {*names}
    assert not described.is_published or described.day in names
    assert all(file.exists() for file in described.files)


def test_a_table_is_built_after_all_that_it_is_made_from():
    assert {name for each in TABLES for name in each.reads} <= {*NAMES}
    assert all(NAMES.index(name) < NAMES.index(each.full_name) for each in TABLES for name in each.reads)


def test_no_folder_of_a_table_is_without_a_description():
    folders = [folder for folder in FOLDER.glob("*/*/") if folder.name != "__pycache__"]
    assert [folder for folder in folders if not (folder / "table.toml").exists()] == []


def test_raw_events_are_described_as_they_are_written():
    written = [(each.name, duckdb_type(each.type)) for each in RAW_EVENTS.schema]
    described = table(RAW_EVENTS.name)
    assert [(column.name, column.type) for column in described.columns] == written
    assert described.partition_by == RAW_EVENTS.partition_by


def test_each_declared_test_is_a_rule_that_tells_whose_rows_break_it():
    rules = rules_of("gold/time_daily")
    assert [*rules] == [
        "duplicate_rows",
        "local_date_missing",
        "hour_of_day_out_of_range",
        "kind_not_accepted",
        "hours_without_time",
        "focus_that_no_hour_has",
    ]
    assert "user_id" in rules["duplicate_rows"].rows
    assert rules["hour_of_day_out_of_range"].rows == ('from gold.time_daily where "hour_of_day" not between 0 and 23')
    assert [*rules_of("silver/task_history")] == []

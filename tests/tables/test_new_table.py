"""`focusflow new table` writes a table that works as it is: three files, and a first test case that passes."""

import shutil
from pathlib import Path

import click
import pytest

from cli.commands.new import write_table
from focusflow.lake.tables import Lake
from pipelines.engine.descriptions import FOLDER, read_tables
from tests.tables.test_cases import check_case


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the descriptions of all tables."""
    shutil.copytree(FOLDER, tmp_path / "pipelines" / "tables", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_new_table_is_described_and_its_first_case_passes(checkout: Path):
    written = write_table(checkout, "tasks_by_weekday")
    (described,) = (each for each in read_tables(checkout / "pipelines" / "tables") if each.name == "tasks_by_weekday")
    (case,) = (each for each in written if each.name == "case.yaml")
    assert len(written) == 3
    assert described.is_published
    assert described.is_checked
    check_case(case, described, Lake(str(checkout / "lake")))


@pytest.mark.parametrize("name", ["time_daily", "Tasks", "../tasks", ""])
def test_a_new_table_needs_a_name_of_its_own(checkout: Path, name: str):
    before = sorted(checkout.rglob("*"))
    with pytest.raises(click.UsageError):
        write_table(checkout, name)
    assert sorted(checkout.rglob("*")) == before

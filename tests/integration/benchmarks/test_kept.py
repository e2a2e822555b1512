"""The figures that are kept: the newest of each measurement, and a measurement for each row of the document."""

import pkgutil
import re
from dataclasses import replace

import pytest

import benchmarks
from benchmarks import kept
from benchmarks.__main__ import is_measurement, number_of
from benchmarks.result import Result

RESULT = Result("P9", "scores", 2.0, 3.0, "×", more_is_better=False, detail={"tasks": "1,000"})
MEASUREMENT = kept.Measurement(RESULT, "2026-11-30", 0.1, 5, 1.5, "2 × a processor")


@pytest.fixture(autouse=True)
def no_figures_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "KEPT", tmp_path / "results.json")


def test_the_newest_figure_of_each_measurement_is_kept_in_their_order():
    kept.keep([replace(MEASUREMENT, result=replace(RESULT, number="P12")), MEASUREMENT])
    newer = replace(MEASUREMENT, result=replace(RESULT, value=4.0), measured_on="2026-12-01")
    kept.keep([newer])
    assert [(each.result.number, each.measured_on) for each in kept.read()] == [
        ("P9", "2026-12-01"),
        ("P12", "2026-11-30"),
    ]
    assert kept.read()[0] == newer


def test_the_table_names_goal_verdict_circumstances_and_the_machine():
    kept.keep([replace(MEASUREMENT, result=replace(RESULT, value=4.0))])
    *_, row, _, machine = kept.table().splitlines()
    assert row == "| P9 | scores | ≤ 3 × | 4.00 × | missed | 0.1 | 2026-11-30 | 1.5 | tasks 1,000 |"
    assert machine == "Machine: 2 × a processor."


def test_each_goal_has_one_script_and_a_row_in_the_document(pytestconfig):
    names = [each.name for each in pkgutil.iter_modules(benchmarks.__path__) if is_measurement(each.name)]
    numbers = [number_of(name) for name in sorted(names)]
    assert numbers == [f"P{number}" for number in range(1, 22)]
    page = (pytestconfig.rootpath / "docs/performance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (P[\d, P]+) \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    assert [number for row in rows for number in row.split(", ")] == numbers

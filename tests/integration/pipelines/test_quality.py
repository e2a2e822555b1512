"""Rules of tables: what breaks them is told with rows, what is not there breaks them all, and pages count both."""

import re
import sys
from datetime import UTC, datetime

import pytest

from pipelines.engine import checks, daily, data_docs
from pipelines.engine.checks import VOLUME, blocking_rules, enforce, judge
from pipelines.engine.rules import rules_of
from tests.integration.pipelines.conftest import SampleUser

# Great Expectations imports them while it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_\\w+' is deprecated:DeprecationWarning")

NAME = daily.DAILY.name
NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.fixture
def days(world):
    """A few sound days of somebody, and a way to put other rows in their place."""
    ada = SampleUser(since="2026-03-02 08:00")
    world.land(ada.events)
    world.refresh(ada.moment("2026-03-06 12:00"))

    def put(query):
        table = world.lake.open(daily.DAILY)
        rows = world.session.run(query.format(days=table.scan()))
        table.replace(rows, where="month = '2026-03'", positions={})

    return put


def failed(world):
    return {verdict.rule: verdict for verdict in judge(world.lake, world.session, NAME) if not verdict.passed}


def test_a_table_that_is_not_there_keeps_no_rule(world):
    assert [verdict.passed for verdict in judge(world.lake, world.session, NAME)] == [False] * (len(rules_of(NAME)) + 1)
    assert f"{NAME} is not there" in blocking_rules(world.lake, world.session, NOON)


def test_rows_that_break_a_rule_are_shown(world, days):
    assert failed(world) == {}
    days("select * replace (if(local_date = date '2026-03-04', -1, tasks_created) as tasks_created) from {days}")
    found = failed(world)
    assert {rule: [row["local_date"] for row in verdict.sample] for rule, verdict in found.items()} == {
        "tasks_created_out_of_range": ["2026-03-04"]
    }
    days("from {days} union all from {days} where local_date = date '2026-03-05'")
    assert [(row["local_date"], row["times"]) for row in failed(world)["duplicate_rows"].sample] == [("2026-03-05", 2)]
    (told,) = (each for each in blocking_rules(world.lake, world.session, NOON) if "duplicate" in each)
    assert told == f"{NAME}: 1 duplicate rows (`focusflow quarantine rows {NAME} duplicate_rows`)"


def test_a_table_that_loses_its_rows_is_reported(world, days):
    days("from {days} where local_date < date '2026-03-04'")
    assert {rule: verdict.broken for rule, verdict in failed(world).items()} == {VOLUME: 3}


def test_the_pages_show_every_table_and_how_often_a_rule_is_broken_but_no_single_user(world, days, tmp_path):
    days("select * replace (-1 as tasks_created) from {days}")
    index = data_docs.write(world.lake, world.session, tmp_path / "pages", datetime(2026, 3, 6, tzinfo=UTC))
    page = re.search(r'href="(validations/gold/productivity_daily/[^"]*)"', index.read_text(encoding="utf-8"))
    assert page is not None
    text = (index.parent / page[1]).read_text(encoding="utf-8")
    assert f"{len(world.session.rows(f'from {world.lake.open(daily.DAILY).scan()}'))} in all" in text
    users = {row[0] for row in world.session.rows(f"select user_id from {world.lake.open(daily.DAILY).scan()}")}
    assert users
    assert not any(user in each.read_text(encoding="utf-8") for user in users for each in index.parent.rglob("*.html"))
    assert "https://" not in text.partition("</head>")[0]


@pytest.mark.parametrize(
    "counts",
    [
        checks.Counts({"days_without_end": 0, "negative": 0}, rows=100, rows_before=100, samples={}),
        checks.Counts({"days_without_end": 2, "negative": 0}, 100, 100, {"days_without_end": [{"day": 1}, {"day": 2}]}),
        checks.Counts({"negative": 0}, rows=80, rows_before=100, samples={}),
        checks.Counts({"negative": 0}, rows=79, rows_before=100, samples={}),
        checks.Counts({"negative": 0}, rows=0, rows_before=0, samples={}),
    ],
)
def test_a_refresh_and_great_expectations_find_the_same(counts):
    batch = checks.context().data_sources.pandas_default.read_dataframe(checks.frame_of(counts))
    found = batch.validate(checks.suite_of("gold/days", counts), result_format="BOOLEAN_ONLY")
    by_suite = {
        each.expectation_config.kwargs["column"]: each.success for each in found.results if each.expectation_config
    }
    assert {verdict.rule: verdict.passed for verdict in checks.verdicts_of(counts)} == by_suite


def test_a_refresh_checks_without_loading_great_expectations(world, days, monkeypatch):
    monkeypatch.setitem(sys.modules, "great_expectations", None)  # to import it fails
    days("select * replace (-1 as tasks_created) from {days}")
    verdicts = enforce(world.lake, world.session, NAME, datetime(2026, 3, 6, tzinfo=UTC))
    assert [verdict.rule for verdict in verdicts if not verdict.passed] == ["tasks_created_out_of_range"]

"""Data health and models, with a pipeline that answers over HTTP, one that does not, and cards that are whole or not."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pyarrow as pa
import pytest

from dashboard import app_state
from dashboard.data import dagster_client as dagster_server
from dashboard.data.dagster_client import Check, TableStatus
from focusflow import clock
from focusflow.lake.session import duckdb_session
from pipelines.engine import silver, user_quarantine
from tests.integration.dashboard.test_pages import metrics, show, words

COUNTED = "Nothing is lost, nothing is doubled."
COMPARED = "580 cells of 20 random user-days were computed again by the reference, and 1 differ."


@pytest.fixture
def dagster():
    """Answers as Dagster's server does: one table, with a rule that holds and one that does not; the last count, and the last look at a model."""

    def run(status, *entries):
        return {"status": status, "timestamp": 1795266009.0, "evaluation": {"metadataEntries": list(entries)}}

    def check(name, status, *entries):
        return {
            "name": name,
            "description": "There must be none.",
            "executionForLatestMaterialization": run(status, *entries),
        }

    see = {"label": "see", "text": "focusflow quarantine rows gold/calendar_load days_that_are_none"}
    checks = [
        check("rows_twice", "SUCCEEDED", {"label": "broken", "intValue": 0}),
        check("days_that_are_none", "FAILED", {"label": "broken", "intValue": 1200}, see),
        {"name": "is_shrinking", "description": "It must not.", "executionForLatestMaterialization": None},
    ]
    node = {
        "assetKey": {"path": ["gold", "calendar_load"]},
        "assetMaterializations": [{"timestamp": "1795266009085"}],
        "assetChecksOrError": {"checks": checks},
    }
    last = {
        "nothing_lost_or_doubled": run("SUCCEEDED", {"label": "verdict", "text": COUNTED}),
        "agrees_with_the_reference": run(
            "FAILED", {"label": "verdict", "text": COMPARED}, {"label": "differing", "text": "focus_minutes: 1"}
        ),
        "sees_what_it_was_trained_on": run(
            "SUCCEEDED", {"label": "model", "text": "pr-1"}, {"label": "age", "floatValue": 0.02}, {"label": "own_done", "floatValue": 0.83}
        ),
    }  # fmt: skip

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rule = asked["variables"].get("check")
            found = {"assetCheckExecutions": [last[rule]]} if rule else {"assetNodes": [node]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": found}).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_broken_rule_is_shown_with_its_table_and_how_often(look, dagster):
    look(role="analyst", dagster_port=dagster)
    page = show("data_health")
    assert any(each.value == "`gold/calendar_load` has 1,200 days that are none; expected none." for each in page.error)
    assert metrics(page)["Broken rules"] == "1"
    assert any("focusflow quarantine rows gold/calendar_load" in each.value for each in page.code)


def test_users_whose_rows_break_a_rule_are_counted_and_not_shown(look):
    look(role="analyst", dagster_port=9)
    with duckdb_session() as session:
        user_quarantine.record(
            app_state.shared().lake,
            session,
            "gold/time_daily",
            {"no_time": {"0190-ada": 2, "0190-bob": 1}},
            clock.now(),
        )
    page = show("data_health")
    (table,) = [each.value for each in page.dataframe if "users" in each.value]
    assert table[["table_name", "rule", "users", "broken"]].to_dict("records") == [
        {"table_name": "gold.time_daily", "rule": "no time", "users": 2, "broken": 3}
    ]
    assert "0190" not in table.to_csv() + words(page)


def test_reasons_of_the_quarantine_quote_no_words_of_an_event(look):
    look(role="analyst", dagster_port=9)
    quarantine = app_state.shared().lake.open(silver.QUARANTINE)
    reasons = ["unknown type diary of\nAda", "unknown version Ada", "not JSON", "unknown type Bob"]
    rows = [{"bucket": 0, "log_offset": place, "reason": each, "value": b"x"} for place, each in enumerate(reasons)]
    quarantine.append(pa.Table.from_pylist(rows), positions={})
    (table,) = [each.value for each in show("data_health").dataframe if "reason" in each.value]
    assert dict(zip(table["reason"], table["events"], strict=True)) == {
        "unknown type": 2,
        "unknown version": 1,
        "not JSON": 1,
    }


def test_the_last_count_of_all_events_is_shown(look, dagster):
    look(role="analyst", dagster_port=dagster)
    assert any(COUNTED in each.value for each in show("data_health").success)


def test_the_last_comparison_with_the_reference_is_shown_with_its_differences(look, dagster):
    look(role="analyst", dagster_port=dagster)
    page = show("data_health")
    assert any(COMPARED in each.value for each in page.error)
    assert any("focus_minutes: 1" in each.value for each in page.code)


def test_rules_that_were_not_checked_are_not_shown_as_broken(look, dagster):
    look(role="analyst", dagster_port=dagster)
    (table,) = [each.value for each in show("data_health").dataframe if "rules" in each.value]
    assert table["rules"][0] == "1 of 2 pass, 1 not checked"


def test_no_broken_rule_is_claimed_only_where_one_was_checked(look, monkeypatch):
    look(role="analyst", dagster_port=9)
    rule = Check("gold/days", "rows_twice", "There must be none.", None, None, {})
    monkeypatch.setattr(dagster_server, "tables", lambda: [TableStatus("gold/days", clock.now(), (rule,))])
    monkeypatch.setattr(dagster_server, "reconciliation", lambda: None)
    monkeypatch.setattr(dagster_server, "reference", lambda: None)
    page = show("data_health")
    assert metrics(page)["Broken rules"] == "–"
    assert "not checked yet" in words(page)


@pytest.mark.parametrize("setting", [None, "https://dagster.example.com"])
def test_links_lead_where_the_user_comes_from_or_where_the_settings_say(look, dagster, setting):
    look(role="analyst", dagster_port=dagster, dagster_url=setting)
    (table,) = [each.value for each in show("data_health").dataframe if "page" in each.value]
    assert table["page"][0] == f"{setting or f'http://127.0.0.1:{dagster}'}/assets/gold/calendar_load"


def test_what_has_drifted_since_the_training_is_shown_with_what_that_means(look, dagster):
    look(role="analyst", dagster_port=dagster)
    folder = app_state.shared().models
    (folder / "pr-1").mkdir(parents=True)
    (folder / "current.json").write_text(
        '{"served": [{"version": "pr-1"}, {"version": "pr-0", "until": "2026-03-02"}]}', encoding="utf-8"
    )
    told = words(show("model"))
    assert "Largest drift: own done, 0.830. Worth a look." in told


def test_a_pipeline_that_does_not_answer_is_reported_and_is_no_zero(look):
    look(role="analyst", dagster_port=9)
    page = show("data_health")
    assert "Dagster does not answer" in page.error[0].value
    assert metrics(page)["Broken rules"] == "–"


def test_without_a_model_the_page_says_how_to_come_by_one(look):
    look(role="analyst")
    assert "No model has been trained yet" in words(show("model"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"weights": 1}', '{"version": "pr-1"}'])
def test_a_card_that_cannot_be_read_does_not_break_the_page(look, content):
    look(role="analyst")
    folder = app_state.shared().models / "pr-1"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(content, encoding="utf-8")
    show("model")


CARD = {
    "version": "pr-1",
    "trained_at": "2026-03-01T03:00:00+00:00",
    "refused": [],
    "left_out": ["the calibration error of its risk is 0.070 in 2026-Q1, above 0.05"],
    "recalibrated": {"from": "2026-01-01", "to": "2026-03-01", "error_before": 0.08, "error_after": 0.01},
    "trained_on": {"from": "2025-09-01", "to": "2026-03-01", "people": 5, "tasks": 900},
    "weights": {"deadline_risk": 0.3, "importance": 0.25, "likelihood": 0.45},
    "measures": {
        "best_baseline": "newest",
        "gain": {"mean": 0.1, "low": 0.05, "high": 0.15},
        "orders": {"model": {"ndcg": {"mean": 0.7, "low": None, "high": None}}},
        "following": {"model": {"due_dates": 40, "missed": 0.125, "user_days": 50, "stale": 0.5}},
        "likelihood": {
            "calibration_error": 0.01,
            "reliability": [{"said": 0.1, "came": 0.1, "tasks": 9}],
            "quarters": [{"quarter": "2026-Q1", "calibration_error": 0.02}],
        },
        "risk": {"calibration_error": None, "quarters": []},
    },
}


def test_a_model_tells_what_is_left_out_how_it_was_recalibrated_and_what_following_it_brings(look):
    look(role="analyst")
    folder = app_state.shared().models / "pr-1"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    page = show("model")
    told = words(page) + " ".join(each.value for each in page.info)
    assert "0.070 in 2026-Q1" in told
    assert "0.080 before, 0.010 after" in told
    tables = [each.value for each in page.dataframe]
    assert any({"missed", "stale"} <= set(each) and each["missed"][0] == 0.125 for each in tables)
    assert any("quarter" in each and each["likelihood"][0] == 0.02 for each in tables)


@pytest.mark.parametrize("name", ["model", "product", "insights"])
def test_a_demo_says_that_its_data_is_made_up(look, name):
    look(role="analyst")
    assert not [each for each in show(name).info if "synthetic" in each.value]
    app_state._provided[:] = [replace(app_state.shared(), is_demo=True)]
    assert [each for each in show(name).info if "synthetic" in each.value]

"""Data health and models, with a pipeline that answers over HTTP, one that does not, and cards that are whole or not."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dashboard import shared
from tests.integration.dashboard.test_pages import metrics, show, words


@pytest.fixture
def dagster():
    """Answers as Dagster's server does: one table, with a rule that holds and one that does not."""

    def check(name, status, broken):
        entries = [{"label": "broken", "intValue": broken}]
        execution = {"status": status, "evaluation": {"metadataEntries": entries}}
        return {"name": name, "executionForLatestMaterialization": execution}

    checks = [check("rows_twice", "SUCCEEDED", 0), check("days_that_are_none", "FAILED", 1200)]
    node = {
        "assetKey": {"path": ["gold", "calendar_load"]},
        "assetMaterializations": [{"timestamp": "1795266009085"}],
        "assetChecksOrError": {"checks": checks},
    }

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"assetNodes": [node]}}).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_broken_rule_is_told_with_its_table_and_how_often(look, dagster):
    look(role="analyst", dagster_port=dagster)
    page = show("data_health")
    assert page.error[0].value == "`gold/calendar_load` has 1,200 days that are none; there must be none."
    assert metrics(page)["Broken rules"] == "1"


def test_a_pipeline_that_does_not_answer_is_told_and_is_no_zero(look):
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
    folder = shared.shared().models / "pr-1"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(content, encoding="utf-8")
    show("model")

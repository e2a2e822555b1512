"""What the API answers about the past where there is none yet, or nobody who knows it."""

import pytest
from fastapi.testclient import TestClient

from operational_api.app import create_app

QUESTIONS = (
    "/scores/history?as_of=2026-03-02T12:00:00Z",
    "/analytics/explanation?metric=focus_minutes&day=2026-03-02",
    "/analytics/explanation?metric=priority_score&day=2026-03-02",
)


def test_before_anything_has_landed_there_is_nothing_to_explain(me):
    scores, minutes, priorities = (me.call("GET", path) for path in QUESTIONS)
    assert (scores.status_code, scores.json()["items"]) == (200, [])
    assert (minutes.status_code, minutes.json()["result"], minutes.json()["published"]) == (200, None, None)
    assert (priorities.status_code, priorities.json()["inputs"][0]["count"]) == (200, 0)
    assert me.call("GET", "/reports/preview?as_of=2026-03-02T12:00:00Z").status_code == 409


@pytest.mark.parametrize("path", [*QUESTIONS, "/reports/preview?as_of=2026-03-02T12:00:00Z"])
def test_a_server_without_the_pipelines_code_says_so(http, me, database_url, path):
    with TestClient(create_app(http.app.state.services.settings, database_url)) as client:
        answer = client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {me.access_token}"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/no-history")

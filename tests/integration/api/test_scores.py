"""Scores over HTTP: fresh after every write, explained, and never another user's."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from focusflow import clock
from focusflow.database.session import Role
from models.serving import scoring
from operational_api.scores import store
from pipelines.engine.publish_scores import QUERIES as PUBLISHING
from tests.integration.api.test_tasks import NOBODYS

PUBLISH = """
    insert into priority_scores (user_id, task_id, score, rank, urgency_rank, reasons, task_version, model_version, as_of)
    values (%(user)s, %(task)s, %(score)s, 1, 1, '[{"code": "due", "text": "due today", "points": 50}]', %(version)s, 'test-1', %(as_of)s)"""


def publish(database, user, task, *, score=50.0, version=None, hours_ago=0.0):
    with database.transaction(Role.SCORING) as tx:
        tx.run(
            PUBLISH,
            {
                "user": user.id,
                "task": task["id"],
                "score": score,
                "version": task["version"] if version is None else version,
                "as_of": tx.now - timedelta(hours=hours_ago),
            },
        )


def scores(user, **headers):
    answer = user.call("GET", "/scores?limit=200", **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def by_title(user):
    return {each["title"]: each for each in scores(user)}


def test_what_a_client_has_already_is_not_sent_again(me):
    me.task()
    etag = me.call("GET", "/scores").headers["etag"]
    assert etag.startswith('W/"')
    for tags in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        assert me.call("GET", "/scores", If_None_Match=tags).status_code == 304, tags
    for tags in ('"x"', etag.strip('W/"'), ""):
        assert me.call("GET", "/scores", If_None_Match=tags).status_code == 200, tags


def test_a_task_just_written_has_a_score_whose_reasons_add_up(me):
    task = me.task("urgent", priority="urgent", pinned=True)
    me.task("plain")
    score = me.call("GET", f"/tasks/{task['id']}/score").json()
    assert score["rank"] == 1
    assert score["version"] == 1
    assert sum(reason["points"] for reason in score["reasons"]) == pytest.approx(score["score"], abs=1e-6)
    assert [each["title"] for each in scores(me)] == ["urgent", "plain"]


def test_what_the_pipeline_published_is_served_until_the_task_changes(me, database):
    task = me.task("published")
    publish(database, me, task)
    assert scores(me)[0]["model_version"] == "test-1"
    me.call("PATCH", f"/tasks/{task['id']}", {"pinned": True})
    assert scores(me)[0]["model_version"] != "test-1"


@pytest.mark.parametrize("old", [{"version": 0}, {"hours_ago": 2}])
def test_an_old_score_is_rebuilt(me, database, old):
    publish(database, me, me.task("old"), **old)
    assert scores(me)[0]["model_version"] != "test-1"


def test_what_is_done_waits_or_begins_later_has_no_score(me):
    done, waiting, later = me.task("done"), me.task("blocker"), me.task("later", start_at="2150-01-01T00:00:00Z")
    blocked = me.task("blocked", blocked_by=[waiting["id"]])
    me.call("POST", f"/tasks/{done['id']}/complete")
    assert set(by_title(me)) == {"blocker"}
    for task in (done, blocked, later):
        answer = me.call("GET", f"/tasks/{task['id']}/score")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-to-score")


def test_a_task_that_others_begin_to_wait_for_rises_and_falls_again(me):
    blocker = me.task("blocker")
    alone = by_title(me)["blocker"]["score"]
    waiting = me.task("waiting", blocked_by=[blocker["id"]])
    assert by_title(me)["blocker"]["score"] > alone
    me.call("PATCH", f"/tasks/{waiting['id']}", {"blocked_by": []})
    assert set(by_title(me)) == {"blocker", "waiting"}


def test_a_task_set_free_by_its_blocker_appears(me):
    blocker = me.task("blocker")
    me.task("waiting", blocked_by=[blocker["id"]])
    scores(me)
    me.call("POST", f"/tasks/{blocker['id']}/complete")
    assert set(by_title(me)) == {"waiting"}


def test_ranks_are_dense_after_any_change(me):
    tasks = [me.task(f"task {n}", priority=priority) for n, priority in enumerate(["low", "urgent", "high", "medium"])]
    scores(me)
    me.call("POST", f"/tasks/{tasks[1]['id']}/complete")
    me.task("newest", priority="urgent", due_date="2026-01-01")
    shown = scores(me)
    for rank in ("rank", "due_rank", "urgency_rank"):
        assert sorted(each[rank] for each in shown) == [1, 2, 3, 4]
    assert (shown[0]["title"], shown[0]["due_rank"], shown[0]["urgency_rank"]) == ("newest", 1, 1)


def test_an_answer_that_still_holds_is_not_sent_again(me):
    task = me.task()
    for path in ("/scores", f"/tasks/{task['id']}/score"):
        first = me.call("GET", path)
        again = me.call("GET", path, If_None_Match=first.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")
        me.call("PATCH", f"/tasks/{task['id']}", {"title": f"changed after {path}"})
        assert me.call("GET", path, If_None_Match=first.headers["etag"]).status_code == 200


def noted(database, user):
    with database.transaction(Role.REPORTING) as tx:
        found = "select * from shown_scores where user_id = %(user)s order by shown_at, rank"
        return tx.all(found, {"user": user.id})


def test_what_is_shown_is_noted_once_a_day_as_it_was_when_first_seen(me, database):
    seen, unseen = me.task("seen", pinned=True), me.task("unseen")
    (shown,) = me.call("GET", "/scores?limit=1").json()["items"]
    (note,) = noted(database, me)
    assert str(note["task_id"]) == seen["id"]
    assert [note[name] for name in ("rank", "score", "model_version")] == [
        shown[name] for name in ("rank", "score", "model_version")
    ]
    me.call("PATCH", f"/tasks/{seen['id']}", {"pinned": False})
    me.call("PATCH", f"/tasks/{unseen['id']}", {"pinned": True})
    assert [each["title"] for each in scores(me)] == ["unseen", "seen"]
    assert [(str(each["task_id"]), each["rank"]) for each in noted(database, me)] == [
        (seen["id"], 1),
        (unseen["id"], 1),
    ]


def test_what_is_shown_on_another_day_is_noted_again_and_lasts(me, new_user, database):
    theirs, task = new_user(), me.task()
    scores(me)
    with database.owner() as connection:
        connection.execute("update shown_scores set local_date = local_date - 1 where user_id = %s", [me.id])
    me.call("GET", f"/tasks/{task['id']}/score")
    me.call("POST", f"/tasks/{task['id']}/complete")
    assert scores(me) == []
    assert len({note["local_date"] for note in noted(database, me)}) == 2
    with database.transaction(Role.API, theirs.id) as tx:
        assert tx.all("select * from shown_scores") == []


def test_nobody_waits_while_a_batch_is_being_published(me, database):
    task = me.task("published")
    publish(database, me, task, version=0)
    with database.owner() as publishing:
        publishing.execute(PUBLISHING["alone"])
        assert scores(me)[0]["model_version"] == "test-1"
    assert scores(me)[0]["model_version"] != "test-1"


def test_pages_that_ask_at_once_are_scored_once(me, database, monkeypatch):
    me.call("POST", "/tasks", {"title": "New"})
    scored = []

    def score_while_another_waits(*given):
        scored.append(given)
        with database.owner() as connection:
            for _ in range(200):
                if connection.execute("select from pg_locks where locktype = 'advisory' and not granted").fetchall():
                    break
                time.sleep(0.01)
        return scoring.score(*given)

    monkeypatch.setattr(store, "score", score_while_another_waits)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: me.call("GET", "/scores"), range(2))
    assert first.json()["items"] == second.json()["items"] != []
    assert len(scored) == 1


def test_no_score_of_a_task_that_is_not_there(me, new_user):
    assert me.call("GET", f"/tasks/{NOBODYS}/score").status_code == 404
    theirs = new_user().task("private")
    assert me.call("GET", f"/tasks/{theirs['id']}/score").status_code == 404
    assert scores(me) == []


def test_a_score_out_of_bounds_cannot_be_published(database, me):
    task = me.task()
    for score in ("NaN", "Infinity", "-1", "101"):
        with pytest.raises(psycopg.errors.CheckViolation), database.transaction(Role.SCORING) as tx:
            tx.run(
                "insert into priority_scores values (%(user)s, %(task)s, %(score)s, 1, '[]', 'test-1', now())",
                {"user": me.id, "task": task["id"], "score": score},
            )


def test_what_can_be_begun_is_blocked_or_begins_later_is_all_that_is_open(me):
    ids = [me.call("POST", "/tasks", {"title": f"{n}"}).json()["id"] for n in range(4)]
    me.call("POST", "/tasks", {"title": "waits", "blocked_by": [ids[0]]})
    later = f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    me.call("POST", "/tasks", {"title": "later", "start_at": later, "blocked_by": [ids[0]]})
    me.call("POST", "/tasks", {"title": "late", "due_date": f"{clock.now().date() - timedelta(days=3)}"})
    me.call("POST", f"/tasks/{ids[3]}/complete")
    found = me.call("GET", "/scores?limit=200").json()
    assert (found["open"], found["blocked"], found["not_begun"], found["overdue"]) == (6, 1, 1, 1)
    assert len(found["items"]) + found["blocked"] + found["not_begun"] == found["open"]


def test_a_change_is_tried_before_it_is_saved(me):
    first, second = me.task("First", priority="high"), me.task("Second", priority="low")
    before = by_title(me)
    today = clock.local_date(clock.now(), "Europe/Berlin")
    tried = me.call("POST", f"/tasks/{second['id']}/what-if", {"priority": "urgent", "due_date": f"{today}"}).json()
    assert (tried["rank_now"], tried["rank"], tried["tasks"]) == (2, 1, 2)
    assert tried["score_now"] == pytest.approx(before["Second"]["score"], abs=0.01)
    assert sum(each["points"] for each in tried["reasons"]) == pytest.approx(tried["score"])
    assert by_title(me)["Second"]["rank"] == 2  # nothing was saved
    me.call("PATCH", f"/tasks/{second['id']}", {"priority": "urgent", "due_date": f"{today}"})
    assert by_title(me)["Second"]["score"] == pytest.approx(tried["score"], abs=0.01)
    me.call("POST", f"/tasks/{first['id']}/complete")
    assert me.call("POST", f"/tasks/{first['id']}/what-if", {}).status_code == 409

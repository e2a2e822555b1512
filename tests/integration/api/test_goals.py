"""Goals and their milestones: how far they are, and what that does to them."""

import pytest

from operational_api.goals import milestones


def goal(me, **fields):
    answer = me.call("POST", "/goals", {"title": "Read twelve books", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def step(me, goal_id, title="First"):
    return me.call("POST", f"/goals/{goal_id}/milestones", {"title": title}).json()


def types(events, me):
    return [each["type"] for each in events(me.id)]


def test_a_goal_measured_by_a_number_comes_along_and_is_reached(me, events):
    made = goal(me, measurement="number", target_value=12, unit="books")
    assert made["unit"] == "books"
    first = me.call("POST", f"/goals/{made['id']}/progress", {"value": 3}).json()
    assert (first["current_value"], first["progress"], first["status"]) == (3, 25, "active")
    last = me.call("POST", f"/goals/{made['id']}/progress", {"value": 13}).json()
    assert (last["progress"], last["status"]) == (100, "completed")
    assert last["completed_at"]
    history = me.call("GET", f"/goals/{made['id']}/progress").json()["items"]
    assert [(each["value"], each["progress"]) for each in history] == [(13, 100), (3, 25)]
    assert types(events, me)[1:] == ["goal.created", "goal.progressed", "goal.progressed", "goal.completed"]


def test_the_same_progress_again_is_no_progress(me, events):
    made = goal(me)
    for _ in range(2):
        assert me.call("POST", f"/goals/{made['id']}/progress", {"value": 40}).json()["progress"] == 40
    assert types(events, me).count("goal.progressed") == 1
    assert len(me.call("GET", f"/goals/{made['id']}/progress").json()["items"]) == 1


def test_a_goal_whose_target_is_raised_beyond_what_was_reached_goes_on(me, events):
    reached = goal(me, measurement="number", target_value=10)
    me.call("POST", f"/goals/{reached['id']}/progress", {"value": 10})
    raised = me.call("PATCH", f"/goals/{reached['id']}", {"target_value": 20}).json()
    assert (raised["status"], raised["completed_at"], raised["progress"]) == ("active", None, 50)
    assert [each["type"] for each in events(me.id)][-2:] == ["goal.updated", "goal.resumed"]
    by_word = goal(me, measurement="number", target_value=10)
    me.call("POST", f"/goals/{by_word['id']}/complete")
    assert me.call("PATCH", f"/goals/{by_word['id']}", {"target_value": 20}).json()["status"] == "completed"


def test_another_target_moves_the_progress(me):
    made = goal(me, measurement="number", target_value=10)
    me.call("POST", f"/goals/{made['id']}/progress", {"value": 5})
    changed = me.call("PATCH", f"/goals/{made['id']}", {"target_value": 20}).json()
    assert changed["progress"] == 25
    assert me.call("PATCH", f"/goals/{made['id']}", {"target_value": 5}).json()["status"] == "completed"


def test_a_goal_that_was_taken_up_again_is_not_completed_by_another_name(me, events):
    made = goal(me)
    me.call("POST", f"/goals/{made['id']}/progress", {"value": 100})
    me.call("POST", f"/goals/{made['id']}/resume")
    assert me.call("PATCH", f"/goals/{made['id']}", {"title": "Another name"}).json()["status"] == "active"
    assert types(events, me).count("goal.completed") == 1


def test_the_last_milestone_completes_its_goal(me, events):
    made = goal(me, measurement="milestones")
    steps = [step(me, made["id"], title) for title in ("One", "Two", "Three")]
    assert [each["order_index"] for each in steps] == [0, 1, 2]
    path = f"/goals/{made['id']}/milestones"
    me.call("POST", f"{path}/{steps[0]['id']}/complete")
    assert me.call("GET", f"/goals/{made['id']}").json()["progress"] == pytest.approx(33.33, abs=0.01)
    me.call("POST", f"{path}/{steps[1]['id']}/skip")
    assert me.call("GET", f"/goals/{made['id']}").json()["progress"] == 50
    me.call("POST", f"{path}/{steps[2]['id']}/complete")
    assert me.call("GET", f"/goals/{made['id']}").json()["status"] == "completed"
    assert types(events, me)[-3:] == ["milestone.completed", "goal.progressed", "goal.completed"]
    assert me.call("POST", f"{path}/{steps[2]['id']}/complete").status_code == 409
    assert me.call("POST", f"/goals/{made['id']}/progress", {"value": 10}).status_code == 409


def test_a_milestone_can_be_taken_back_moved_and_deleted(me, events):
    made = goal(me, measurement="milestones")
    one, two = step(me, made["id"], "One"), step(me, made["id"], "Two")
    path = f"/goals/{made['id']}/milestones"
    me.call("POST", f"{path}/{one['id']}/complete")
    assert me.call("POST", f"{path}/{one['id']}/reopen").json()["completed_at"] is None
    assert me.call("POST", f"{path}/{one['id']}/reopen").status_code == 409
    me.call("PATCH", f"{path}/{two['id']}", {"order_index": 0})
    me.call("PATCH", f"{path}/{one['id']}", {"order_index": 1})
    assert [each["title"] for each in me.call("GET", path).json()["items"]] == ["Two", "One"]
    assert me.call("DELETE", f"{path}/{two['id']}").status_code == 204
    assert [each["title"] for each in me.call("GET", path).json()["items"]] == ["One"]
    gone = events(me.id)[-1]
    assert (gone["type"], gone["entityversion"]) == ("milestone.deleted", 3)


def test_a_goal_that_its_milestones_completed_is_taken_up_again_when_they_do_so_no_more(me, events):
    made = goal(me, measurement="milestones")
    one, path = step(me, made["id"], "One"), f"/goals/{made['id']}/milestones"
    me.call("POST", f"{path}/{one['id']}/complete")
    me.call("POST", f"{path}/{one['id']}/reopen")
    back = me.call("GET", f"/goals/{made['id']}").json()
    assert (back["status"], back["progress"], back["completed_at"]) == ("active", 0, None)
    assert types(events, me)[-3:] == ["milestone.updated", "goal.progressed", "goal.resumed"]
    me.call("POST", f"{path}/{one['id']}/complete")
    step(me, made["id"], "Two")
    assert me.call("GET", f"/goals/{made['id']}").json()["status"] == "active"


def test_a_goal_that_was_completed_by_word_stays_so(me):
    made = goal(me, measurement="milestones")
    step(me, made["id"], "One")
    me.call("POST", f"/goals/{made['id']}/complete")
    step(me, made["id"], "Two")
    after = me.call("GET", f"/goals/{made['id']}").json()
    assert (after["status"], after["progress"]) == ("completed", 0)


def test_a_goal_that_was_reached_while_it_was_paused_is_completed_when_it_is_resumed(me):
    made = goal(me, measurement="milestones")
    one = step(me, made["id"], "One")
    me.call("POST", f"/goals/{made['id']}/pause")
    me.call("POST", f"/goals/{made['id']}/milestones/{one['id']}/complete")
    assert me.call("GET", f"/goals/{made['id']}").json()["status"] == "paused"
    assert me.call("POST", f"/goals/{made['id']}/resume").json()["status"] == "completed"
    assert (
        me.call("POST", f"/goals/{made['id']}/resume").json()["status"] == "active"
    )  # and stays so, by its owner's word


def test_a_goal_has_so_many_milestones_at_most(me, monkeypatch):
    monkeypatch.setattr(milestones, "MILESTONES_AT_MOST", 2)
    made = goal(me, measurement="milestones")
    steps = [me.call("POST", f"/goals/{made['id']}/milestones", {"title": "x"}).status_code for _ in range(3)]
    assert steps == [201, 201, 409]


def test_a_milestone_is_found_under_its_own_goal_only(me):
    one, two = goal(me), goal(me)
    mine = step(me, one["id"])
    assert me.call("PATCH", f"/goals/{two['id']}/milestones/{mine['id']}", {"title": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("moves", "status"),
    [
        (["pause"], "paused"),
        (["pause", "resume"], "active"),
        (["cancel"], "cancelled"),
        (["cancel", "resume"], "active"),
        (["pause", "complete"], "completed"),
        (["complete", "resume"], "active"),
    ],
    ids=str,
)
def test_a_goal_moves_between_its_states(me, moves, status):
    made = goal(me)
    for move in moves:
        assert me.call("POST", f"/goals/{made['id']}/{move}").status_code == 200
    now = me.call("GET", f"/goals/{made['id']}").json()
    assert (now["status"], now["completed_at"] is not None) == (status, status == "completed")


@pytest.mark.parametrize(
    "moves", [["resume"], ["pause", "pause"], ["cancel", "pause"], ["complete", "complete"]], ids=str
)
def test_a_goal_cannot_move_from_where_it_is_not(me, events, moves):
    made = goal(me)
    for move in moves[:-1]:
        me.call("POST", f"/goals/{made['id']}/{move}")
    before = events(me.id)
    assert me.call("POST", f"/goals/{made['id']}/{moves[-1]}").status_code == 409
    assert events(me.id) == before


def test_a_paused_goal_makes_no_progress(me):
    made = goal(me)
    me.call("POST", f"/goals/{made['id']}/pause")
    assert me.call("POST", f"/goals/{made['id']}/progress", {"value": 10}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "x\0"},
        {"title": "x", "measurement": "number"},
        {"title": "x", "target_value": 3},
        {"title": "x", "measurement": "number", "target_value": 0},
        {"title": "x", "measurement": "number", "target_value": 1e400},
        {"title": "x", "measurement": "steps"},
        {"title": "x", "start_date": "2026-02-01", "target_date": "2026-01-01"},
        {"title": "x", "target_date": "0000-01-01"},
        {"title": "x", "target_date": "9999-12-31"},
        {"title": "x", "target_date": 5},
        {"title": "x", "weekly_minutes": -1},
        {"title": "x", "weekly_minutes": True},
        {"title": "x", "progress": 50},
        {"title": "x", "status": "completed"},
    ],
    ids=str,
)
def test_a_goal_that_cannot_be_is_refused(http, me, events, body):
    before = events(me.id)
    answer = http.post(
        "/api/v1/goals",
        content=repr(body)
        .replace("'", '"')
        .replace("True", "true")
        .replace("inf", "1e400")
        .replace("\\x00", "\\u0000"),
        headers={"Authorization": f"Bearer {me.access_token}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert events(me.id) == before


@pytest.mark.parametrize("value", [-1, 101, "much", "12", None, True])
def test_progress_that_cannot_be_is_refused(me, value):
    made = goal(me)
    answer = me.call("POST", f"/goals/{made['id']}/progress", {"value": value})
    assert answer.status_code == 422
    assert me.call("GET", f"/goals/{made['id']}").json()["progress"] == 0


def test_lists_are_filtered_and_paged(me):
    for number in range(5):
        goal(me, title=f"Goal {number}", horizon="vision" if number == 0 else "goal")
    me.call("POST", f"/goals/{goal(me)['id']}/cancel")
    seen, cursor = [], None
    while True:
        page = me.call("GET", f"/goals?status=active&limit=2{f'&cursor={cursor}' if cursor else ''}").json()
        seen += [each["title"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Goal {number}" for number in (4, 3, 2, 1, 0)]
    assert [each["title"] for each in me.call("GET", "/goals?horizon=vision").json()["items"]] == ["Goal 0"]
    assert me.call("GET", "/goals?cursor=nonsense").status_code == 422


def test_a_deleted_goal_is_gone_and_its_tasks_stay(me, events):
    made = goal(me)
    task = me.task(goal_id=made["id"])
    assert me.call("DELETE", f"/goals/{made['id']}", If_Match='"9"').status_code == 412
    assert me.call("DELETE", f"/goals/{made['id']}").status_code == 204
    assert me.call("GET", f"/goals/{made['id']}").status_code == 404
    assert me.call("GET", f"/tasks/{task['id']}").status_code == 200
    assert types(events, me)[-1] == "goal.deleted"


def test_a_goal_added_twice_under_one_key_is_one(me):
    first, second = (me.call("POST", "/goals", {"title": "x"}, Idempotency_Key="k") for _ in range(2))
    assert first.json() == second.json()
    assert me.call("POST", "/goals", {"title": "y"}, Idempotency_Key="k").status_code == 422

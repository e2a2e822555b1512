"""Webhooks: what a real receiver gets, whatever goes wrong on the way."""

from concurrent.futures import wait
from datetime import timedelta
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from focusflow import clock
from focusflow.database.outbox import append, event
from focusflow.database.session import Role
from focusflow.identity import new_id
from ingestion.outbox.sequencer import sequence_once
from ingestion.webhooks import sender as sending
from ingestion.webhooks.fan_out import FanOut
from ingestion.webhooks.sender import PAUSES, WebhookSender
from pipelines.engine import publish_scores


class Clock:
    """The time, which a test can move on."""

    ahead = timedelta(0)

    def __call__(self):
        return clock.now() + self.ahead


@pytest.fixture
def sender(http, database):
    with database.owner() as connection:
        connection.execute("delete from webhook_endpoints")
    settings = http.app.state.services.settings.model_copy(update={"outbound_networks": ("127.0.0.0/8", "::1/128")})
    opened = WebhookSender(settings, database, Clock(), jitter=lambda: 1.0)
    FanOut(database).drain()
    yield opened
    opened.close()


@pytest.fixture
def send(sender, database):
    """Everything that is due now is sent."""

    def run(after=timedelta(0)):
        sender.now.ahead += after
        while sequence_once(database):
            pass
        while begun := sender.turn():
            assert not wait(begun, 20).not_done

    return run


def webhook(user, url, *event_types, **fields):
    answer = user.call("POST", "/webhooks", {"url": url, "event_types": event_types or ["task.created"], **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def deliveries(user, hook, query=""):
    return user.call("GET", f"/webhooks/{hook['id']}/deliveries{query}").json()["items"]


def status(user, hook):
    return user.call("GET", f"/webhooks/{hook['id']}").json()


def test_a_message_is_signed_and_holds_no_personal_text_unless_it_is_wanted(me, receiver, send):
    plain = webhook(me, receiver.url("/plain"), "task.created")
    webhook(me, receiver.url("/text"), "task.created", has_text=True)
    webhook(me, receiver.url("/other"), "task.completed")
    task = me.task("Buy milk", estimated_minutes=20)
    send()
    ((headers, body),) = receiver.at("/plain")
    message = Webhook(plain["secret"]).verify(body, headers)
    assert message["type"] == "task.created"
    assert message["data"]["id"] == task["id"]
    assert message["data"]["task"]["estimated_minutes"] == 20
    assert b"milk" not in body
    ((_, body),) = receiver.at("/text")
    assert b"Buy milk" in body
    assert receiver.at("/other") == []
    (sent,) = deliveries(me, plain)
    assert (sent["status"], sent["response_status"], sent["event_id"]) == ("delivered", 200, headers["webhook-id"])
    with pytest.raises(WebhookVerificationError):
        Webhook(plain["secret"]).verify(body, headers)


def test_what_is_not_taken_is_sent_again_under_the_same_id(me, receiver, send):
    hook = webhook(me, receiver.url("/x"))
    receiver.answer["/x"] = (500, {})
    me.task()
    send()
    assert status(me, hook)["problem"] == "The endpoint answered 500."
    send()
    assert len(receiver.at("/x")) == 1  # not before its time
    send(after=PAUSES[0])
    receiver.answer["/x"] = (200, {})
    send(after=PAUSES[1])
    assert len({headers["webhook-id"] for headers, _ in receiver.at("/x")}) == 1
    assert len(receiver.at("/x")) == 3
    assert len({body for _, body in receiver.at("/x")}) == 1
    assert status(me, hook)["failing_since"] is None


def test_a_server_that_asks_to_be_left_alone_is(me, receiver, send):
    hook = webhook(me, receiver.url("/busy"))
    receiver.answer["/busy"] = (429, {"Retry-After": "3600"})
    me.task()
    send()
    send(after=timedelta(minutes=30))
    assert len(receiver.at("/busy")) == 1
    receiver.answer["/busy"] = (200, {})
    send(after=timedelta(minutes=31))
    assert [each["status"] for each in deliveries(me, hook)] == ["delivered"]


def test_after_three_days_an_endpoint_is_turned_off_and_what_it_missed_can_be_sent_again(me, receiver, send):
    hook = webhook(me, receiver.url("/dead"), "task.created")
    receiver.answer["/dead"] = (503, {})
    me.task()
    for pause in (timedelta(0), *PAUSES):
        send(after=pause)
    assert len(receiver.at("/dead")) == len(PAUSES) + 1
    assert timedelta(days=2.5) < sum(PAUSES, timedelta()) < timedelta(days=3.5)
    assert status(me, hook)["status"] == "disabled"
    (dead,) = deliveries(me, hook, "?status=dead")
    notes = [
        each for each in me.call("GET", "/notifications?upcoming=true").json()["items"] if each["type"] == "system"
    ]
    assert [note["title"] for note in notes] == ["A webhook was turned off"]
    me.task()
    send()
    assert status(me, hook)["waiting"] == 0  # what happens meanwhile is not kept
    again = f"/webhooks/{hook['id']}/deliveries/{dead['id']}/redeliver"
    assert me.call("POST", again).status_code == 409
    assert me.call("PATCH", f"/webhooks/{hook['id']}", {"status": "active"}).json()["problem"] is None
    receiver.answer["/dead"] = (200, {})
    assert me.call("POST", again).json()["status"] == "waiting"
    send()
    assert receiver.at("/dead")[-1][0]["webhook-id"] == dead["event_id"]
    assert me.call("POST", again).status_code == 404
    assert me.call("POST", f"/webhooks/{hook['id']}/redeliver").json() == {"count": 0}


def test_an_endpoint_that_is_gone_is_turned_off_at_once_and_a_redirect_is_not_followed(me, receiver, send):
    gone, moved = webhook(me, receiver.url("/gone")), webhook(me, receiver.url("/moved"))
    receiver.answer |= {"/gone": (410, {}), "/moved": (302, {"Location": receiver.url("/elsewhere")})}
    me.task()
    send()
    assert status(me, gone)["status"] == "disabled"
    assert "redirect" in status(me, moved)["problem"]
    assert receiver.at("/elsewhere") == []


def test_both_secrets_are_valid_for_a_day_after_a_rotation(me, receiver, send):
    hook = webhook(me, receiver.url("/x"))
    new = me.call("POST", f"/webhooks/{hook['id']}/rotate-secret").json()["secret"]
    me.task()
    send()
    headers, body = receiver.at("/x")[-1]
    for secret in (hook["secret"], new):
        Webhook(secret).verify(body, headers)
    me.task()
    send(after=timedelta(hours=25))
    headers, _ = receiver.at("/x")[-1]
    assert " " not in headers["webhook-signature"]


def test_an_endpoint_that_hangs_delays_nobody_else(me, new_user, receiver, send, sender):
    other, database = new_user(), sender.database
    for number in range(5):
        webhook(me, receiver.url(f"/slow{number}"))
    webhook(other, receiver.url("/quick"))
    receiver.is_open.clear()
    me.task()
    while sequence_once(database):
        pass
    hanging = sender.turn()
    assert len(hanging) == sender.lanes.of_a_user
    other.task()
    while sequence_once(database):
        pass
    sender.turn()
    receiver.wait_for("/quick")
    assert not any(each.done() for each in hanging)
    receiver.is_open.set()
    assert not wait(hanging, 20).not_done
    send()
    assert len([path for path, _, _ in receiver.received if path.startswith("/slow")]) == 5


def test_nothing_is_lost_or_doubled_when_a_process_is_killed(me, receiver, send, sender, database):
    hook = webhook(me, receiver.url("/x"))
    me.task()
    while sequence_once(database):
        pass
    assert FanOut(database).drain() == 1
    with database.owner() as connection:  # as it was before the transaction that was lost
        connection.execute("update webhook_positions set next = 0")
    assert FanOut(database).drain() == 0
    now = sender.now()
    with database.transaction(Role.REPORTING) as tx:  # killed while it sends
        values = {"endpoint_id": UUID(hook["id"]), "now": now, "until": now + sending.LEASE}
        assert tx.one(sending.QUERIES["claim"], values)
    send()
    assert receiver.at("/x") == []
    send(after=sending.LEASE)
    assert len(receiver.at("/x")) == 1


def test_a_private_address_is_not_reached(me, receiver, http, database, sender):
    refused = me.call("POST", "/webhooks", {"url": "http://169.254.169.254/", "event_types": ["task.created"]})
    assert refused.status_code == 422
    hook = webhook(me, receiver.url("/x"))
    strict = WebhookSender(http.app.state.services.settings, database)
    me.call("POST", f"/webhooks/{hook['id']}/test")
    assert not wait(strict.turn(), 20).not_done
    strict.close()
    assert "private address" in status(me, hook)["problem"]
    assert receiver.received == []


def test_a_test_message_is_sent_and_a_paused_endpoint_gets_none(me, receiver, send):
    hook = webhook(me, receiver.url("/x"))
    test = f"/webhooks/{hook['id']}/test"
    assert me.call("POST", test).status_code == 202
    send()
    assert b'"webhook.test"' in receiver.at("/x")[0][1]
    me.call("PATCH", f"/webhooks/{hook['id']}", {"status": "paused"})
    assert me.call("POST", test).status_code == 409
    me.task()
    send()
    assert len(receiver.at("/x")) == 1


def test_imported_history_is_not_sent_and_a_report_that_is_ready_is(me, receiver, send, database):
    hook = webhook(me, receiver.url("/x"), "task.created", "report.ready")
    user = UUID(me.id)
    common: dict[str, Any] = {"user_id": user, "timezone": "UTC", "version": 1, "recorded_at": clock.now()}
    task = {"title": "Old", "created_at": clock.now()}
    report = {"kind": "weekly", "period": "2026-W01", "reason": None}
    with database.transaction(Role.API, user) as tx:
        append(tx, [event("task.created", subject=new_id(), data=task, actor="import", **common)])
        append(tx, [event("report.sent", subject=(report_id := new_id()), data=report, actor="system", **common)])
    send()
    ((headers, body),) = receiver.at("/x")
    message = Webhook(hook["secret"]).verify(body, headers)
    assert (message["type"], message["data"]["id"]) == ("report.ready", str(report_id))
    assert message["data"]["report_delivery"]["kind"] == "weekly"


def test_new_scores_are_announced_once_until_the_message_is_sent(me, receiver, send, database):
    hook = webhook(me, receiver.url("/x"), "scores.changed")
    columns = (
        "user_id", "task_id", "score", "rank", "due_rank", "urgency_rank", "reasons", "deadline_risk", "importance", "likelihood",
        "is_baseline", "task_version", "model_version", "as_of",
    )  # fmt: skip
    none = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    for _ in range(2):
        publish_scores._publish_users(database, none, [UUID(me.id)], clock.now())
    assert status(me, hook)["waiting"] == 1
    send()
    publish_scores._publish_users(database, none, [UUID(me.id)], clock.now())
    send()
    assert len(receiver.at("/x")) == 2


def test_another_user_does_not_see_send_or_change_it(me, new_user, receiver):
    hook, other = webhook(me, receiver.url("/x")), new_user()
    path = f"/webhooks/{hook['id']}"
    for method, each in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/rotate-secret"),
        ("GET", "/deliveries"),
    ):
        assert other.call(method, path + each).status_code == 404
    assert other.call("GET", "/webhooks").json() == {"items": []}


def test_secrets_are_stored_encrypted_and_not_shown_again(me, receiver, database):
    body = {"url": receiver.url("/x"), "event_types": ["task.created"]}
    first = me.call("POST", "/webhooks", body, Idempotency_Key="one").json()
    again = me.call("POST", "/webhooks", body, Idempotency_Key="one").json()
    assert again == first | {"secret": None}
    assert "secret" not in status(me, first)
    with database.owner() as connection:
        dump = connection.execute(
            "select encode(secret, 'escape') || t::text as row from webhook_endpoints as t"
        ).fetchall()
    assert first["secret"].removeprefix("whsec_") not in str(dump)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://example.com"},
        {"url": "https://"},
        {"event_types": []},
        {"event_types": ["user.registered"]},
        {"event_types": ["no.such"]},
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(me, wrong):
    answer = me.call("POST", "/webhooks", {"url": "https://example.com", "event_types": ["task.created"]} | wrong)
    assert answer.status_code == 422


def test_an_account_has_twenty_at_most(me):
    for _ in range(20):
        webhook(me, "https://example.com")
    body = {"url": "https://example.com", "event_types": ["task.created"]}
    assert me.call("POST", "/webhooks", body).status_code == 409


def test_deliveries_come_in_pages(me, receiver, database):
    hook = webhook(me, receiver.url("/x"))
    for _ in range(3):
        assert me.call("POST", f"/webhooks/{hook['id']}/test").status_code == 202
    path = f"/webhooks/{hook['id']}/deliveries?limit=2"
    first = me.call("GET", path).json()
    rest = me.call("GET", f"{path}&cursor={first['next_cursor']}").json()
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 3
    assert rest["next_cursor"] is None

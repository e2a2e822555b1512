"""Notification channels: what real services get, and what they cannot be made to do."""

import gzip
import json
import time
from concurrent.futures import wait
from datetime import timedelta
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
import requests

from focusflow import clock
from focusflow.database.session import Role
from focusflow.identity import new_id
from focusflow.mail import mailer
from focusflow.outbound import OutboundFailed, OutboundPolicy, OutboundRefused, ResponseTooLarge, ResponseTooSlow
from reports.channels import guarded_requests, services
from reports.channels.queue import Message, announce
from reports.channels.sender import PATIENCE, ChannelSender
from reports.notifications.delivery import reminders

LOCAL = OutboundPolicy.of(["127.0.0.0/8", "::1/128"])


class Clock:
    """The time, which a test can move on."""

    ahead = timedelta(0)

    def __call__(self):
        return clock.now() + self.ahead


@pytest.fixture
def settings(http):
    return http.app.state.services.settings.model_copy(update={"outbound_networks": ("127.0.0.0/8", "::1/128")})


@pytest.fixture
def sender(settings, database):
    with database.owner() as connection:
        connection.execute("delete from notification_channels")
    opened = ChannelSender(settings, database, Clock())
    yield opened
    opened.lanes.close()


@pytest.fixture
def send(sender):
    """Everything that is due now is sent."""

    def run(after=timedelta(0)):
        sender.now.ahead += after
        while begun := sender.turn():
            assert not wait(begun, 30).not_done

    return run


def channel(user, address, *kinds):
    body = {"name": "Phone", "address": address, "kinds": list(kinds or ["task_reminder"])}
    answer = user.call("POST", "/channels", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def state(user, made):
    return user.call("GET", f"/channels/{made['id']}").json()


def messages(user, made):
    return user.call("GET", f"/channels/{made['id']}/deliveries").json()["items"]


def tell(database, user, hours=24):
    with database.transaction(Role.REPORTING) as tx:
        useful_until = clock.now() + timedelta(hours=hours)
        message = Message(UUID(user.id), "task_reminder", new_id(), "Call the bank", "About the flat", useful_until)
        return announce(tx, message, clock.now())


def test_a_reminder_goes_to_ntfy_and_gotify_as_they_expect_it(me, receiver, send, settings, database):
    ntfy = channel(me, receiver.address("ntfy", "/focus?token=tk_secret&auth=token"))
    channel(me, receiver.address("gotify", "/Atoken123"))
    channel(me, receiver.address("json", "/other"), "report")
    due = clock.now() + timedelta(seconds=1)
    assert me.call(
        "POST", "/notifications", {"title": "Call the bank", "body": "About the flat", "scheduled_at": due.isoformat()}
    ).is_success
    with database.owner() as connection:
        connection.execute("update notifications set scheduled_at = now() - interval '1 minute'")
    for _ in range(2):
        reminders(settings, database, mailer(settings)).run()
    send()
    ((headers, body),) = receiver.at("/")
    assert json.loads(body) | {"topic": "focus", "title": "Call the bank", "message": "About the flat"} == json.loads(
        body
    )
    assert headers["Authorization"] == "Bearer tk_secret"
    ((headers, body),) = receiver.at("/message")
    assert json.loads(body)["title"] == "Call the bank"
    assert headers["X-Gotify-Key"] == "Atoken123"
    assert receiver.at("/other") == []
    assert [each["status"] for each in messages(me, ntfy)] == ["delivered"]


def test_tokens_are_stored_encrypted_and_shown_masked(me, receiver, database):
    made = channel(me, receiver.address("gotify", "/AverySecretToken"))
    assert (made["service"], made["masked_address"]) == ("Gotify", receiver.address("gotify", "/…"))
    assert services.read_address("ntfy://my-topic").masked == "ntfy://…"
    assert "AverySecretToken" not in str(state(me, made))
    with database.owner() as connection:
        rows = connection.execute(
            "select encode(secret, 'escape') || t::text as row from notification_channels as t"
        ).fetchall()
    assert "AverySecretToken" not in str(rows)


def test_nothing_is_sent_in_quiet_hours_but_a_test(me, receiver, send, sender, database):
    made = channel(me, receiver.address("json", "/quiet"))
    local = sender.now().astimezone(clock.zone("Europe/Berlin"))
    quiet = {
        "quiet_from": f"{local - timedelta(minutes=1):%H:%M}",
        "quiet_until": f"{local + timedelta(hours=2):%H:%M}",
    }
    assert me.call("PATCH", "/preferences", quiet).is_success
    tell(database, me)
    assert me.call("POST", f"/channels/{made['id']}/test").status_code == 202
    send()
    assert [json.loads(body)["title"] for _, body in receiver.at("/quiet")] == ["Test"]
    send(after=timedelta(hours=2, minutes=5))
    assert [json.loads(body)["title"] for _, body in receiver.at("/quiet")] == ["Test", "Call the bank"]


def test_a_failure_is_shown_tried_again_and_given_up_once_it_is_of_no_use(me, receiver, send, database):
    made = channel(me, receiver.address("json", "/x"))
    receiver.answer["/x"] = (403, {})
    tell(database, me, hours=1)
    send()
    assert state(me, made)["problem"] == "The service answered 403."
    receiver.answer["/x"] = (200, {})
    send(after=timedelta(minutes=2))
    assert state(me, made)["problem"] is None
    tell(database, me, hours=1)
    send(after=timedelta(hours=2))
    assert len(receiver.at("/x")) == 2
    assert messages(me, made)[0]["status"] == "dead"
    with database.owner() as connection:
        assert (
            connection.execute("select from channel_deliveries where title is not null or body is not null").fetchall()
            == []
        )


def test_a_channel_that_fails_for_days_is_turned_off_and_its_user_notified(me, receiver, send, database):
    made = channel(me, receiver.address("json", "/x"))
    receiver.answer["/x"] = (500, {})
    tell(database, me, hours=200)
    send()
    tell(database, me, hours=200)
    send(after=PATIENCE + timedelta(hours=2))
    assert state(me, made)["status"] == "disabled"
    found = me.call("GET", "/notifications?upcoming=true").json()["items"]
    assert [each["title"] for each in found if each["type"] == "system"] == ["A notification channel was turned off"]
    assert tell(database, me) == 0
    assert me.call("PATCH", f"/channels/{made['id']}", {"status": "active"}).json()["status"] == "active"


@pytest.mark.parametrize(
    "address",
    [
        "dbus://", "syslog://", "macosx://", "windows://", "gnome://", "glib://", "file:///etc/passwd", "exec://id", "mailto://a:b@example.com",
        "mailtos://a:b@example.com", "xml://localhost", "form://localhost", "https://example.com/hook", "http://127.0.0.1", "ntfy://",
        "discord://id/token?template=/etc/passwd", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd",
        "ntfy://localhost/topic?attach=file:///etc/passwd", "json://localhost?store=yes", "ntfy://localhost/x?retry=10&wait=60",
        "json://localhost?rto=600", "nothing at all", "ntfy://[::1", "pover://user@token?key=/etc/passwd",
    ],
)  # fmt: skip
def test_an_address_that_is_of_no_service_or_reads_files_is_refused(me, address):
    answer = me.call("POST", "/channels", {"name": "x", "address": address, "kinds": ["report"]})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", "Slack"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("matrixs://user:password@matrix.example.com/#room", "Matrix"),
        ("pover://" + "u" * 30 + "@" + "a" * 30, "Pushover"),
        ("twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@12025550123/12025550124", "Twilio SMS"),
    ],
)
def test_the_addresses_of_the_services_are_known(address, service):
    assert services.read_address(address).service == service


@pytest.mark.parametrize(
    ("address", "server", "path", "fields"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", ("webhook_url", "/services"), "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", {"mrkdwn": True}),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", ("notify_url", "/api/webhooks"), "/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", {}),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", ("notify_url", "/bot"), "/bot123456789:abcdefg_hijklmnop/sendMessage", {"chat_id": 12315544}),
        ("pover://" + "u" * 30 + "@" + "a" * 30, ("notify_url", "/1/messages.json"), "/1/messages.json", {"user": "u" * 30, "token": "a" * 30, "title": "Call the bank"}),
        ("twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@12025550123/12025550124", ("notify_sms_url", "/Accounts/{sid}/Messages.json"), "/Accounts/AC" + "a" * 32 + "/Messages.json", {"From": "+12025550123", "To": "+12025550124"}),
    ],
    ids=["Slack", "Discord", "Telegram", "Pushover", "Twilio"],
)  # fmt: skip
def test_each_service_gets_a_message_as_it_expects_it(receiver, address, server, path, fields):
    """The services have one server each, in place of which this machine answers."""
    known = services.read_address(address)
    setattr(known.plugin, server[0], receiver.url(server[1]))
    receiver.answer[path] = (201 if "twilio" in address else 200, {}, b"ok" if "slack" in address else b'{"ok": true}')
    services.send(known, LOCAL, "Call the bank", "About the flat")
    ((headers, body),) = receiver.at(path)
    message = json.loads(body) if "json" in headers["Content-Type"] else dict(parse_qsl(body.decode()))
    assert message | fields == message
    assert all(text in str(message) for text in ("Call the bank", "About the flat"))
    receiver.answer[path] = (403, {})
    with pytest.raises(OutboundFailed, match="403"):
        services.send(known, LOCAL, "Call the bank", "About the flat")


def test_matrix_gets_a_message_in_the_room_of_its_user(receiver):
    known = services.read_address(
        receiver.address("matrix", "/!room:localhost?version=2").replace("//", "//ada:secret@")
    )
    api = "/_matrix/client/r0"
    for path in ("/login", "/join/%21room%3Alocalhost"):
        found = {
            "access_token": "syt_secret",
            "home_server": "localhost",
            "user_id": "@ada:localhost",
            "room_id": "!room:localhost",
        }
        receiver.answer[api + path] = (200, {}, json.dumps(found).encode())
    services.send(known, LOCAL, "Call the bank", "About the flat")
    ((headers, body),) = [
        (headers, body)
        for path, headers, body in receiver.received
        if path.startswith(f"{api}/rooms/%21room%3Alocalhost/send/m.room.message")
    ]
    assert headers["Authorization"] == "Bearer syt_secret"
    assert all(text in json.loads(body)["body"] for text in ("Call the bank", "About the flat"))


@pytest.mark.parametrize(
    "address", ["ntfy://127.0.0.1/x", "json://localhost", "gotify://169.254.169.254/token", "json://[::1]/"]
)
def test_a_private_address_is_not_reached(address, receiver):
    host = services.read_address(address)
    with pytest.raises(OutboundRefused):
        services.send(host, OutboundPolicy(), "Title", "Body")
    with pytest.raises(OutboundRefused), guarded_requests.guarded(OutboundPolicy()):
        requests.post(receiver.url("/x"), timeout=5)
    assert receiver.received == []


def test_a_redirect_to_a_private_address_is_not_followed(receiver):
    receiver.answer["/x"] = (307, {"Location": "http://169.254.169.254/latest/meta-data"})
    for address in ("/x", "/x?redirect=yes"):
        with pytest.raises((OutboundFailed, services.BadAddress)):
            services.send(services.read_address(receiver.address("json", address)), LOCAL, "Title", "Body")
    with pytest.raises(OutboundRefused), guarded_requests.guarded(LOCAL):
        requests.post(receiver.url("/x"), timeout=5)


def test_an_answer_is_bounded_in_size_and_time(receiver):
    receiver.answer["/large"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * (8 << 20)))
    with pytest.raises(ResponseTooLarge), guarded_requests.guarded(LOCAL):
        requests.post(receiver.url("/large"), timeout=5)
    receiver.is_open.clear()
    began = time.monotonic()
    with pytest.raises(ResponseTooSlow), guarded_requests.guarded(LOCAL, total_seconds=0.2):
        requests.post(receiver.url("/slow"), timeout=30)
    assert time.monotonic() - began < 9


def test_what_is_not_guarded_is_as_it_was(receiver):
    assert requests.post(receiver.url("/x"), timeout=5).status_code == 200


def test_another_user_does_not_see_it(me, new_user, receiver):
    path, other = f"/channels/{channel(me, receiver.address('json', '/x'))['id']}", new_user()
    for method, each in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        assert other.call(method, path + each).status_code == 404

"""Whoever holds the link of a mail can end such mails with one call, for ever, and nobody else can."""

from uuid import UUID

import pytest

from focusflow.identity import new_id
from focusflow.notification_kinds import KINDS
from focusflow.unsubscribe import Subscription, link, token_for

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def key(http):
    return http.app.state.services.settings.signing_key


@pytest.fixture
def end(http, key, me):
    """The path of a link of mine."""
    return lambda kind="weekly": f"/api/v1/reports/unsubscribe/{token_for(key, Subscription(UUID(me.id), kind))}"


def chosen(me):
    found = me.call("GET", "/preferences").json()
    return found["weekly_report"], found["monthly_report"]


@pytest.mark.parametrize(("kind", "left"), [("weekly", (False, True)), ("monthly", (True, False))])
def test_one_call_without_signing_in_ends_that_kind_of_mail(me, end, events, kind, left):
    for _ in range(2):
        answer = me.http.post(end(kind), data=ONE_CLICK)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert chosen(me) == left
    told = [each for each in events(me.id) if each["type"] == "report.unsubscribed"]
    assert [each["data"]["kind"] for each in told] == [kind]


@pytest.mark.parametrize("kind", ["daily_plan", "achievement"])
def test_one_call_ends_mails_of_other_kinds_and_leaves_them_in_the_app(me, end, events, kind):
    me.call("PATCH", "/preferences", {"notifications": {kind: {"is_enabled": True, "channels": ["email", "in_app"]}}})
    for _ in range(2):
        assert me.http.post(end(kind), data=ONE_CLICK).status_code == 200
    after = me.call("GET", "/preferences").json()
    assert after["notifications"][kind] == {"is_enabled": True, "channels": ["in_app"]}
    assert chosen(me) == (True, True)
    told = [each for each in events(me.id) if each["type"] == "report.unsubscribed"]
    assert [each["data"]["kind"] for each in told] == [kind]


def test_a_kind_that_is_emailed_by_default_ends_for_a_user_who_never_chose(me, end, monkeypatch):
    emailed = KINDS["achievement"].model_copy(update={"default_channels": ("email", "in_app")})
    monkeypatch.setitem(KINDS, "achievement", emailed)
    assert me.http.post(end("achievement"), data=ONE_CLICK).status_code == 200
    after = me.call("GET", "/preferences").json()["notifications"]
    assert after["achievement"] == {"is_enabled": True, "channels": ["in_app"]}


def test_what_a_mail_program_adds_to_a_link_does_no_harm(me, end):
    assert me.http.post(f"{end()}?utm_source=mail", data=ONE_CLICK).status_code == 200
    assert chosen(me) == (False, True)


def test_looking_at_the_page_changes_nothing(http, me, end):
    answer = http.get(end())
    assert answer.status_code == 200
    assert '<form method="post">' in answer.text
    assert "script" not in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    http.head(end())
    assert chosen(me) == (True, True)


def test_the_rest_of_the_preferences_stays_and_the_mails_can_come_back(http, me, end):
    me.call("PATCH", "/preferences", {"weekly_report_hour": 17, "calm_mode": True})
    http.post(end())
    after = me.call("GET", "/preferences").json()
    assert (after["weekly_report_hour"], after["calm_mode"], after["weekly_report"]) == (17, True, False)
    me.call("PATCH", "/preferences", {"weekly_report": True})
    assert chosen(me) == (True, True)


def test_a_link_says_no_address_and_fits_one_user_and_kind(me, end, http):
    token = end().rpartition("/")[2]
    assert me.email.partition("@")[0] not in token
    assert link(http.app.state.services.settings, Subscription(UUID(me.id), "weekly")).endswith(token)
    assert end("weekly") != end("monthly")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "change", ["flipped", "cut", "another's", "other key", "nonsense", "not ascii", "empty signature"]
)
def test_a_forged_link_does_nothing(http, me, end, method, change):
    path = end()
    head, _, token = path.rpartition("/")
    forged = {
        "flipped": token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
        "cut": token[:-3],
        "another's": token_for("another key" * 4, Subscription(new_id(), "weekly")),
        "other key": token_for("another key" * 4, Subscription(UUID(me.id), "weekly")),
        "nonsense": "unsubscribe-me",
        "not ascii": "%C3%A9" * 8,
        "empty signature": token[:22],
    }[change]
    answer = getattr(http, method)(f"{head}/{forged}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert chosen(me) == (True, True)


def test_an_account_that_is_gone_gets_the_same_answer(http, key):
    gone = token_for(key, Subscription(new_id(), "weekly"))
    assert http.post(f"/api/v1/reports/unsubscribe/{gone}").status_code == 200

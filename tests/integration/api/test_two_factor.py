"""Codes at sign-in, and the acts that ask for a confirmation of who the caller is."""

import base64
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from focusflow import clock
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.auth.emails import TwoFactorChange
from operational_api.security import second_factor, tokens
from operational_api.security.permissions import Permission
from operational_api.security.second_factor import STEP_SECONDS, code_at
from tests.integration.api.conftest import PASSWORD, text_of, token_in


@pytest.fixture
def step(monkeypatch):
    """The current step. The clock stands still in it, so that no step ends within a test; `later` moves on."""

    class Steps:
        current = int(clock.now().timestamp()) // STEP_SECONDS

        def later(self):
            self.current += 1
            return self.current

    steps = Steps()
    computed = second_factor.step_of
    monkeypatch.setattr(
        second_factor, "step_of", lambda key, code, _: computed(key, code, steps.current * STEP_SECONDS)
    )
    return steps


class App:
    """An authenticator app, which was given the key."""

    def __init__(self, key, step):
        self.secret, self._step = base64.b32decode(key), step

    def code(self, offset=0):
        """The code of now, or that of a number of steps later."""
        return code_at(self.secret, self._step.current + offset)


def set_up(me, step):
    app = App(me.call("POST", "/auth/two-factor").json()["key"], step)
    answer = me.call("POST", "/auth/two-factor/on", {"code": app.code()})
    assert answer.status_code == 200, answer.text
    step.later()
    return app, answer.json()["codes"]


def ticket(http, me):
    answer = http.post("/api/v1/auth/login", json={"email": me.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/code-needed")
    return answer.json()["ticket"]


def enter(http, ticket, code, path="login/code"):
    return http.post(f"/api/v1/auth/{path}", json={"ticket": ticket, "code": code})


def test_the_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, of which six digits are shown."""
    secret = b"12345678901234567890"
    assert [code_at(secret, moment // 30) for moment in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_a_sign_in_takes_the_password_and_a_code(http, me, step):
    app, _ = set_up(me, step)
    tokens = enter(http, ticket(http, me), app.code())
    assert tokens.status_code == 200, tokens.text
    account = http.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens.json()['access_token']}"})
    assert account.json()["id"] == me.id
    session = enter(http, ticket(http, me), app.code(1), "sessions/code")
    assert http.get("/api/v1/me", headers={"Authorization": f"Bearer {session.json()['token']}"}).status_code == 200


def test_the_key_comes_as_text_and_as_an_address_for_apps(me, step):
    new = me.call("POST", "/auth/two-factor").json()
    address = urlsplit(new["uri"])
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [new["key"]]


def test_a_ticket_opens_nothing_by_itself(http, me, step):
    set_up(me, step)
    assert http.get("/api/v1/me", headers={"Authorization": f"Bearer {ticket(http, me)}"}).status_code == 401
    assert enter(http, me.access_token, "123456").status_code == 401


def test_a_code_counts_once_and_voids_those_before_it(http, me, step):
    app, _ = set_up(me, step)
    first = ticket(http, me)
    assert enter(http, first, app.code()).status_code == 200
    for code in (app.code(), app.code(-1)):
        assert enter(http, first, code).status_code == 401
    assert enter(http, first, app.code(1)).status_code == 200


@pytest.mark.parametrize("offset", [-3, -2, 2, 3])
def test_a_code_of_another_time_is_refused(http, me, step, offset):
    app, _ = set_up(me, step)
    step.current += 5
    assert enter(http, ticket(http, me), app.code(offset)).status_code == 401


def test_a_recovery_code_counts_once(http, me, step, database):
    _, codes = set_up(me, step)
    assert len(set(codes)) == 10
    assert {len(base64.b32decode(code.replace("-", "").upper())) for code in codes} == {15}
    assert enter(http, ticket(http, me), codes[0].upper()).status_code == 200
    assert enter(http, ticket(http, me), codes[0]).status_code == 401
    assert me.call("GET", "/auth/two-factor").json()["recovery_codes_left"] == 9
    with database.owner() as connection:
        stored = connection.execute(
            "select secret, recovery_hashes from second_factors where user_id = %s", [me.id]
        ).fetchone()
    assert not set(codes) & set(stored["recovery_hashes"])


def test_the_secret_is_stored_encrypted_for_its_owner_alone(http, me, step, database):
    app, _ = set_up(me, step)
    with database.owner() as connection:
        stored = connection.execute("select secret from second_factors where user_id = %s", [me.id]).fetchone()[
            "secret"
        ]
    key = http.app.state.services.settings.signing_key
    assert app.secret not in stored
    assert second_factor.decrypted([key], UUID(me.id), stored) == app.secret
    assert second_factor.decrypted(["another key"], UUID(me.id), stored) is None
    assert second_factor.decrypted([key], UUID(int=1), stored) is None


def test_codes_cannot_be_tried_one_after_the_other(http, me, step):
    app, _ = set_up(me, step)
    pending = ticket(http, me)
    statuses = [enter(http, pending, f"{number:06}").status_code for number in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert enter(http, pending, app.code()).status_code == 429
    assert me.call("POST", "/auth/confirm", {"code": app.code()}).status_code == 429, "the same limit"


def test_a_ticket_ends_after_five_minutes_and_with_the_password(http, me, step, database, monkeypatch):
    app, _ = set_up(me, step)
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "TICKET_LIFETIME", -2 * tokens.LEEWAY)
        expired = ticket(http, me)
    assert enter(http, expired, app.code()).status_code == 401
    pending = ticket(http, me)
    with database.owner() as connection:
        connection.execute("update users set token_epoch = token_epoch + 1 where id = %s", [me.id])
    assert enter(http, pending, app.code()).status_code == 401


def test_a_key_that_no_code_has_confirmed_asks_for_nothing(http, me, step):
    me.call("POST", "/auth/two-factor")
    assert me.call("POST", "/auth/two-factor/on", {"code": "000000"}).status_code == 403
    assert http.post("/api/v1/auth/login", json={"email": me.email, "password": PASSWORD}).status_code == 200


def test_two_factor_authentication_is_set_up_once_and_turned_off(http, me, step):
    set_up(me, step)
    assert me.call("POST", "/auth/two-factor").status_code == 409
    assert me.call("DELETE", "/auth/two-factor").status_code == 204
    assert me.call("DELETE", "/auth/two-factor").status_code == 409
    assert http.post("/api/v1/auth/login", json={"email": me.email, "password": PASSWORD}).status_code == 200


def test_new_recovery_codes_replace_the_old_ones(http, me, step):
    _, old = set_up(me, step)
    new = me.call("POST", "/auth/two-factor/recovery-codes").json()["codes"]
    assert enter(http, ticket(http, me), old[1]).status_code == 401
    assert enter(http, ticket(http, me), new[1]).status_code == 200


def test_keys_go_on_working_without_a_code(http, me, step):
    key = me.call("POST", "/keys", {"name": "Widget", "scopes": ["tasks:read"]}).json()["key"]
    set_up(me, step)
    assert http.get("/api/v1/tasks", headers={"X-API-Key": key}).status_code == 200


def test_an_admin_turns_it_off_for_a_user_who_has_lost_the_app(http, me, new_user, step, database):
    admin = new_user()
    with database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [admin.id])
    set_up(me, step)
    assert me.call("DELETE", f"/admin/users/{me.id}/two-factor").status_code == 403
    assert admin.call("DELETE", f"/admin/users/{me.id}/two-factor").status_code == 204
    assert admin.call("DELETE", f"/admin/users/{me.id}/two-factor").status_code == 404
    assert http.post("/api/v1/auth/login", json={"email": me.email, "password": PASSWORD}).status_code == 200


def test_what_a_stranger_set_up_does_not_lock_the_owner_of_the_address_out(http, me, mails, step):
    set_up(me, step)
    again = {"email": me.email, "password": "another sentence that is long", "display_name": "Ada"}
    http.post("/api/v1/auth/register", json=again)
    link = mails(me.email)[-1].get_body(("plain",)).get_content().partition("token=")[2].split()[0]
    assert http.post("/api/v1/auth/verify-email", json={"token": link}).status_code == 204
    assert http.post("/api/v1/auth/login", json={"email": me.email, "password": again["password"]}).status_code == 200


def test_a_reset_of_the_password_leaves_the_second_factor_on(http, me, mails, step, database):
    set_up(me, step)
    with database.owner() as connection:
        connection.execute("update users set email_verified_at = now() where id = %s", [me.id])
    http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    reset = {"token": token_in(mails(me.email)[-1]), "new_password": "another sentence that is long"}
    assert http.post("/api/v1/auth/reset-password", json=reset).status_code == 204
    answer = http.post("/api/v1/auth/login", json={"email": me.email, "password": reset["new_password"]})
    assert answer.json()["type"] == "/problems/code-needed"


ACTS = {
    "a new key": ("POST", "/keys", {"name": "Widget", "scopes": ["tasks:read"]}),
    "a second factor": ("POST", "/auth/two-factor", None),
    "no second factor": ("DELETE", "/auth/two-factor", None),
    "new recovery codes": ("POST", "/auth/two-factor/recovery-codes", None),
    "another role": ("PATCH", "/admin/users/{other}", {"role": "analyst"}),
    "no second factor of another user": ("DELETE", "/admin/users/{other}/two-factor", None),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_old_sign_in_alone_is_not_enough_for(me, new_user, database, act):
    other, (method, path, body) = new_user(), ACTS[act]
    with database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [me.id])
        connection.execute(
            "update refresh_tokens set created_at = now() - interval '16 minutes' where user_id = %s", [me.id]
        )
    refused = me.call(method, path.format(other=other.id), body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/confirmation-needed")
    assert me.call("GET", "/auth/confirm").json() == {"is_needed": True, "by": "password", "has_password": True}
    assert me.call("POST", "/auth/confirm", {"password": "not the password"}).status_code == 403
    assert me.call("POST", "/auth/confirm", {"password": PASSWORD}).status_code == 204
    assert me.call("GET", "/auth/confirm").json()["is_needed"] is False
    assert me.call(method, path.format(other=other.id), body).status_code in (200, 201, 404, 409)


def test_where_a_code_is_needed_the_password_confirms_nothing(me, step, database):
    app, _ = set_up(me, step)
    with database.owner() as connection:
        connection.execute(
            "update refresh_tokens set created_at = now() - interval '16 minutes' where user_id = %s", [me.id]
        )
    assert me.call("GET", "/auth/confirm").json() == {"is_needed": True, "by": "code", "has_password": True}
    change = {"password": PASSWORD, "new_password": "another sentence that is long"}
    assert me.call("POST", "/auth/change-password", change).json()["type"] == "/problems/confirmation-needed"
    assert me.call("POST", "/auth/confirm", {"password": PASSWORD}).status_code == 403
    assert me.call("POST", "/auth/confirm", {"code": app.code()}).status_code == 204
    assert me.call("POST", "/auth/change-password", change).status_code == 200


def test_a_confirmation_counts_for_its_own_sign_in(http, me, database):
    other = http.post("/api/v1/auth/login", json={"email": me.email, "password": PASSWORD}).json()
    with database.owner() as connection:
        connection.execute(
            "update refresh_tokens set created_at = now() - interval '16 minutes' where user_id = %s", [me.id]
        )
    assert me.call("POST", "/auth/confirm", {"password": PASSWORD}).status_code == 204
    bearer = {"Authorization": f"Bearer {other['access_token']}"}
    assert http.get("/api/v1/auth/confirm", headers=bearer).json()["is_needed"] is True


def test_each_change_is_mailed_to_the_owner_of_the_account(http, me, step, mails):
    app, codes = set_up(me, step)
    enter(http, ticket(http, me), app.code())
    enter(http, ticket(http, me), codes[0])
    me.call("POST", "/auth/confirm", {"code": codes[1]})
    me.call("POST", "/auth/two-factor/recovery-codes")
    me.call("DELETE", "/auth/two-factor")
    told = [" ".join(text_of(mail).split()) for mail in mails(me.email) if "Two-factor" in mail["Subject"]]
    changes = [
        TwoFactorChange.TURNED_ON, TwoFactorChange.RECOVERY_CODE_USED, TwoFactorChange.RECOVERY_CODE_USED,
        TwoFactorChange.NEW_RECOVERY_CODES, TwoFactorChange.TURNED_OFF,
    ]  # fmt: skip
    assert [next(change for change in TwoFactorChange if change in text) for text in told] == changes
    assert not any(code in text for code in codes for text in told)


@pytest.fixture
def required(http):
    """The installation requires a second factor of the accounts that the setting names."""
    given = http.app.state.services

    def require(whose):
        changed = given.settings.model_copy(update={"require_second_factor": whose})
        http.app.state.services = replace(given, settings=changed)

    yield require
    http.app.state.services = given


#: What a user may call who has no second factor although it is required: what it takes to set one up, and to leave.
SETTING_UP = {
    ("GET", "/api/v1/me"), ("POST", "/api/v1/auth/logout"), ("POST", "/api/v1/auth/sessions/current/seen"), ("GET", "/api/v1/auth/confirm"),
    ("POST", "/api/v1/auth/confirm"), ("GET", "/api/v1/auth/two-factor"), ("POST", "/api/v1/auth/two-factor"),
    ("POST", "/api/v1/auth/two-factor/on"), ("POST", "/api/v1/auth/two-factor/recovery-codes"), ("DELETE", "/api/v1/auth/two-factor"),
}  # fmt: skip


def test_only_setting_it_up_is_open_without_a_second_factor_that_is_required():
    open_calls = {
        (method, route.path)
        for route in iter_route_contexts(create_app(load_settings(), "").routes)
        if isinstance(route.original_route, APIRoute)
        for permission in [each.dependency for each in route.dependencies if isinstance(each.dependency, Permission)][
            -1:
        ]
        if not permission.needs_second_factor
        for method in route.methods or ()
    }
    without_caller = {("POST", "/api/v1/auth/login/code"), ("POST", "/api/v1/auth/sessions/code")}
    assert open_calls == SETTING_UP | without_caller


def test_a_user_without_the_required_second_factor_can_only_set_one_up(http, me, step, required):
    key = me.call("POST", "/keys", {"name": "App", "scopes": ["tasks:read"]}).json()["key"]
    session = http.post("/api/v1/auth/sessions", json={"email": me.email, "password": PASSWORD}).json()["token"]
    required("all")
    tokens_of_me = (me.access_token, key, session)
    bearers = [{"Authorization": f"Bearer {token}"} for token in tokens_of_me]
    for bearer in bearers:
        answer = http.get("/api/v1/tasks", headers=bearer)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/second-factor-needed")
    assert (
        me.call("POST", "/keys", {"name": "B", "scopes": ["tasks:read"]})
        .json()["type"]
        .endswith("second-factor-needed")
    )
    assert me.call("GET", "/me").json()["lacks_second_factor"] is True
    assert me.call("POST", "/auth/confirm", {"password": PASSWORD}).status_code == 204
    set_up(me, step)
    assert [http.get("/api/v1/tasks", headers=bearer).status_code for bearer in bearers] == [200, 200, 200]
    assert me.call("GET", "/me").json()["lacks_second_factor"] is False
    me.call("DELETE", "/auth/two-factor")
    assert me.call("GET", "/tasks").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("admin", 403), ("analyst", 200), ("user", 200)])
def test_a_second_factor_may_be_required_of_admins_alone(me, required, database, role, status):
    required("admins")
    with database.owner() as connection:
        connection.execute("update users set role = %s where id = %s", [role, me.id])
    assert me.call("GET", "/tasks").status_code == status
    assert me.call("GET", "/me").json()["lacks_second_factor"] is (status == 403)


def test_a_second_factor_that_was_begun_and_not_confirmed_is_none(me, required):
    required("all")
    assert me.call("POST", "/auth/two-factor").status_code == 201
    assert me.call("GET", "/tasks").status_code == 403

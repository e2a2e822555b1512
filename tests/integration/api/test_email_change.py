"""Another address for an account: both addresses confirm it, and nobody learns or takes anything on the way."""

import pytest

from focusflow.identity import new_id
from tests.integration.api.conftest import PASSWORD, token_in


@pytest.fixture
def verified(me, database):
    with database.owner() as connection:
        connection.execute("update users set email_verified_at = now() where id = %s", [me.id])
    return me


@pytest.fixture
def new(me):
    return f"{new_id().hex}@example.org"


def confirm(http, mail):
    return http.post("/api/v1/auth/confirm-email", json={"token": token_in(mail)}).status_code


def change(me, email):
    answer = me.call("POST", "/auth/change-email", {"email": email})
    assert answer.status_code == 202, answer.text
    return answer.json()


def address(me):
    return me.call("GET", "/me").json()["email"]


@pytest.mark.parametrize("is_new_first", [True, False])
def test_the_address_changes_once_both_have_confirmed_it(verified, new, mails, events, is_new_first):
    http, old = verified.http, verified.email
    change(verified, new)
    links = [mails(new)[-1], mails(old)[-1]]
    first, second = links if is_new_first else reversed(links)
    assert (confirm(http, first), address(verified)) == (204, old)
    assert (confirm(http, first), address(verified)) == (422, old), "a link counts once"
    assert (confirm(http, second), address(verified)) == (204, new)
    assert events(verified.id)[-1]["before"] == {"email": old}
    assert http.post("/api/v1/auth/login", json={"email": new, "password": PASSWORD}).status_code == 200
    assert http.post("/api/v1/auth/login", json={"email": old, "password": PASSWORD}).status_code == 401


def test_an_address_that_was_never_confirmed_gets_no_link(http, me, new, mails):
    change(me, new)
    assert confirm(http, mails(new)[-1]) == 204
    assert me.call("GET", "/me").json()["email_is_verified"] is True


def test_an_address_that_has_an_account_is_neither_taken_nor_revealed(http, verified, new_user, new, mails):
    other = new_user()
    assert change(verified, other.email) == change(verified, new)
    change(verified, other.email)
    assert not [mail for mail in mails(other.email) if "new email address" in mail["Subject"]]
    assert confirm(http, mails(verified.email)[-1]) == 204
    assert address(verified) == verified.email


def test_an_address_that_was_registered_meanwhile_is_not_taken(http, me, new, mails):
    change(me, new)
    link = mails(new)[-1]
    http.post("/api/v1/auth/register", json={"email": new, "password": PASSWORD, "display_name": "Ada"})
    assert (confirm(http, link), address(me)) == (422, me.email)


@pytest.mark.parametrize("act", ["a newer request", "another password"])
def test_a_request_is_void_after(http, me, new, mails, act):
    change(me, new)
    link = mails(new)[-1]
    if act == "another password":
        body = {"password": PASSWORD, "new_password": "another sentence that is long"}
        assert me.call("POST", "/auth/change-password", body).status_code == 200
    else:
        change(me, f"newer-{new}")
    assert confirm(http, link) == 422


def test_an_old_sign_in_alone_cannot_change_the_address(me, new, database):
    with database.owner() as connection:
        connection.execute(
            "update refresh_tokens set created_at = now() - interval '16 minutes' where user_id = %s", [me.id]
        )
    answer = me.call("POST", "/auth/change-email", {"email": new})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/confirmation-needed")


def test_links_to_the_old_address_are_void(http, me, new, mails):
    http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    reset = token_in(mails(me.email)[-1])
    change(me, new)
    assert confirm(http, mails(new)[-1]) == 204
    answer = http.post("/api/v1/auth/reset-password", json={"token": reset, "new_password": "another sentence"})
    assert answer.status_code == 422


def test_another_link_confirms_the_address_and_leaves_the_password(http, me, mails):
    assert me.call("POST", "/auth/verify-email/resend").status_code == 202
    link = token_in(mails(me.email)[-1])
    assert http.post("/api/v1/auth/verify-email", json={"token": link}).status_code == 204
    assert me.call("GET", "/me").json()["email_is_verified"] is True
    sent = len(mails(me.email))
    assert me.call("POST", "/auth/verify-email/resend").status_code == 202
    assert len(mails(me.email)) == sent

"""Registering, signing in, and what ends a sign-in."""

import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx2
import jwt
import pytest
import uvicorn
from fastapi.testclient import TestClient

from cli import long_running
from focusflow import clock, forwarding
from focusflow.identity import new_id
from focusflow.key_ring import key_id
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.security import login_throttle, passwords
from operational_api.security.passwords import HASHER
from operational_api.security.tokens import access_token, read_access_token
from tests.integration.api.conftest import PASSWORD, mails_in, signed_in, text_of, token_in


@pytest.fixture
def new_user(http):
    """Sign users up as they do it themselves."""

    def sign_up(timezone="Europe/Berlin"):
        email = f"{new_id().hex}@example.com"
        new = {"email": email, "password": PASSWORD, "display_name": "Somebody", "timezone": timezone}
        registered = http.post("/api/v1/auth/register", json=new)
        assert registered.status_code == 202, registered.text
        return signed_in(http, email)

    return sign_up


def sign_in(http, email, password=PASSWORD):
    return http.post("/api/v1/auth/login", json={"email": email, "password": password})


def refresh(http, token):
    return http.post("/api/v1/auth/refresh", json={"refresh_token": token})


def test_a_registration_is_an_event_too(me, events):
    (registered,) = events(me.id)
    assert (registered["type"], registered["subject"], registered["entityversion"]) == ("user.registered", me.id, 1)
    assert registered["data"]["email"] == me.email
    assert "password_hash" not in registered["data"]


def test_an_address_has_one_account_however_it_is_written(http, me, mails):
    """The answer does not tell that there is one; a mail tells its owner."""
    again = {"email": me.email.upper(), "password": "another password", "display_name": "Again"}
    fresh = {**again, "email": f"fresh-{me.email}"}
    first, second = (http.post("/api/v1/auth/register", json=new) for new in (again, fresh))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.status_code == 202
    assert sign_in(http, me.email, "another password").status_code == 401
    assert sign_in(http, me.email).status_code == 200
    assert mails(me.email)[-1]["Subject"] == "Confirm your FocusFlow account"  # nobody has proven it yet
    assert token_in(mails(fresh["email"])[-1])


@pytest.mark.parametrize(
    ("locale", "subject"), [("de-AT", "Bestätige dein FocusFlow-Konto"), (None, "Confirm your FocusFlow account")]
)
def test_an_account_email_is_in_the_language_that_was_registered(http, mails, locale, subject):
    new = {"email": f"{new_id().hex}@example.com", "password": PASSWORD, "display_name": "Ada", "locale": locale}
    assert http.post("/api/v1/auth/register", json=new).status_code == 202
    assert [mail["Subject"] for mail in mails(new["email"])] == [subject]
    assert signed_in(http, new["email"]).call("GET", "/me").json()["locale"] == (locale or "en")


def test_no_email_before_verification_holds_what_a_stranger_wrote(http, me, mails):
    """Anyone can enter the address of another user, with a text of their own as the name."""
    stranger = {"email": f"v-{me.email}", "password": "another password", "display_name": "Visit evil.example now"}
    assert http.post("/api/v1/auth/register", json=stranger).status_code == 202
    assert http.post("/api/v1/auth/forgot-password", json={"email": stranger["email"]}).status_code == 202
    sent = mails(stranger["email"])
    assert [mail["Subject"] for mail in sent] == ["Confirm your FocusFlow account", "Reset your FocusFlow password"]
    for mail in sent:
        bodies = [part.get_content() for part in mail.iter_parts()]
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert not any("evil.example" in body for body in bodies)


def test_the_owner_of_a_confirmed_address_is_notified_of_a_second_registration(http, me, mails):
    proven = http.post("/api/v1/auth/verify-email", json={"token": token_in(mails(me.email)[-1])})
    assert proven.status_code == 204
    assert me.call("GET", "/me").json()["email_is_verified"] is True
    again = {"email": me.email, "password": "another password", "display_name": "Again"}
    assert http.post("/api/v1/auth/register", json=again).status_code == 202
    last = mails(me.email)[-1]
    assert last["Subject"] == "You already have a FocusFlow account"
    assert "token=" not in text_of(last)


def test_where_addresses_are_to_be_confirmed_nobody_signs_in_before(http, database_url, tmp_path):
    strict = load_settings(home=tmp_path, verify_email=True)
    with TestClient(create_app(strict, database_url)) as other:
        email = f"{new_id().hex}@example.com"
        other.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD, "display_name": "New"})
        early, unknown = sign_in(other, email), sign_in(other, "nobody@example.com")
        assert (early.status_code, early.json()) == (unknown.status_code, unknown.json()) == (401, early.json())
        other.post("/api/v1/auth/verify-email", json={"token": token_in(mails_in(tmp_path, email)[-1])})
        assert sign_in(other, email).status_code == 200


def test_an_installation_can_be_closed_to_newcomers(database_url, tmp_path):
    with TestClient(create_app(load_settings(home=tmp_path, registration_open=False), database_url)) as closed:
        new = {"email": "new@example.com", "password": PASSWORD, "display_name": "New"}
        assert closed.post("/api/v1/auth/register", json=new).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("password", "short"),
        ("password", "password1"),
        ("password", "x" * 129),
        ("display_name", ""),
        ("display_name", "a\u0000b"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "posixrules"),
        ("role", "admin"),
        ("is_active", True),
    ],
)
def test_a_registration_that_cannot_be_accepted_names_its_field(http, field, value):
    new = {"email": "new@example.com", "password": PASSWORD, "display_name": "New", field: value}
    answer = http.post("/api/v1/auth/register", json=new)
    assert answer.status_code == 422
    assert f"body.{field}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("Football1", "everybody tries"), ("rainbow6", "everybody tries"), ("hunter2hunter2", "again and again"), ("zzzzzzzzzz", "again and again"),
        ("3456789012", "row of keys"), ("oiuytrew", "row of keys"), ("hgfedcba", "row of keys"), ("LOVELACE1815", "your name"),
        ("my-countess", "your name"), ("countess@example.com", "your name"),
    ],
)  # fmt: skip
def test_a_password_that_others_would_try_is_refused_by_what_is_wrong_with_it(http, password, wrong):
    new = {"email": "countess@example.com", "password": password, "display_name": "Ada Lovelace"}
    answer = http.post("/api/v1/auth/register", json=new)
    assert answer.status_code == 422, password
    assert answer.json()["errors"][0]["field"] == "body.password"
    assert wrong in answer.json()["detail"]


def test_a_new_password_is_looked_at_as_the_first_was(http, me, mails):
    mine = me.email.partition("@")[0]
    changed = me.call("POST", "/auth/change-password", {"password": PASSWORD, "new_password": f"I am {mine}"})
    http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    new = {"token": token_in(mails(me.email)[-1]), "new_password": "SOMEBODY at home"}
    reset = http.post("/api/v1/auth/reset-password", json=new)
    for answer in (changed, reset):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.new_password")
    assert http.post("/api/v1/auth/reset-password", json={**new, "new_password": "a better one"}).status_code == 204


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(http, me):
    unknown, wrong = sign_in(http, "nobody@example.com"), sign_in(http, me.email, "not the password")
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())
    assert wrong.status_code == 401


def test_passwords_are_hashed_as_they_should_be(database, me):
    with database.owner() as connection:
        row = connection.execute("select password_hash from users where id = %s", [me.id]).fetchone()
    assert row["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not HASHER.check_needs_rehash(row["password_hash"])


def test_guessing_is_slowed_down_before_anything_is_hashed(http, me):
    answers = [sign_in(http, me.email, f"guess {n}").status_code for n in range(8)]
    assert answers[:5] == [401] * 5
    assert answers[5:] == [429] * 3
    assert int(sign_in(http, me.email).headers["retry-after"]) >= 1


def test_a_refresh_token_is_good_for_one_use(http, me):
    first = refresh(http, me.refresh_token)
    assert first.status_code == 200
    assert refresh(http, first.json()["refresh_token"]).status_code == 200


def test_a_refresh_token_used_again_later_ends_the_whole_sign_in(http, database, me):
    successor = refresh(http, me.refresh_token).json()
    with database.owner() as connection:
        connection.execute(
            "update refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"
        )
    assert refresh(http, me.refresh_token).status_code == 401
    assert refresh(http, successor["refresh_token"]).status_code == 401
    assert me.call("GET", "/me").status_code == 401


def test_a_refresh_token_older_than_the_last_ends_the_whole_sign_in_at_once(http, me):
    second = refresh(http, me.refresh_token).json()["refresh_token"]
    third = refresh(http, second).json()["refresh_token"]
    assert refresh(http, me.refresh_token).status_code == 401
    assert refresh(http, third).status_code == 401


def test_thirty_who_use_a_refresh_token_at_once_get_one_successor(http, database, me):
    """Two tabs, or an answer that was lost on its way: neither signs anybody out."""
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: refresh(http, me.refresh_token), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    with database.owner() as connection:
        row = connection.execute("select count(*) as tokens from refresh_tokens where user_id = %s", [me.id]).fetchone()
    assert row["tokens"] == 2


def test_sixty_guesses_at_once_are_hashed_five_times(http, me, monkeypatch):
    hashed, real = [], passwords.matches

    def counting(password, stored):
        hashed.append(password)
        return real(password, stored)

    monkeypatch.setattr(passwords, "matches", counting)
    begun = time.monotonic()
    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(lambda n: sign_in(http, me.email, f"guess {n}").status_code, range(60)))
    waited_for = int(time.monotonic() - begun)  # whoever waits a second may guess again, also on a machine that is slow
    assert 5 <= len(hashed) == answers.count(401) <= 5 + waited_for
    assert answers.count(429) == 60 - len(hashed)


def test_guessing_from_elsewhere_does_not_keep_the_owner_out(http, me):
    """The pair of account and network is what counts, and the network: not the account."""
    for n in range(8):
        sign_in(http, me.email, f"guess {n}")
    assert sign_in(TestClient(http.app, client=("192.0.2.7", 50000)), me.email).status_code == 200


def test_a_network_that_guesses_at_many_accounts_has_to_wait(http, database):
    with database.owner() as connection:
        connection.execute(
            "insert into attempts values (%s, 130, clock_timestamp())",
            [login_throttle.guesses("x", "testclient")[1].stored],
        )
    assert sign_in(http, "somebody-else@example.com").status_code == 429


def test_known_and_unknown_addresses_take_as_long(http, me, database):
    def seconds(email):
        with database.owner() as connection:
            connection.execute("delete from attempts")
        begun = time.perf_counter()
        assert sign_in(http, email, "not the password").status_code == 401
        return time.perf_counter() - begun

    for email in (me.email, "nobody@example.com"):
        seconds(email)
    pairs = [(seconds(me.email), seconds("nobody@example.com")) for _ in range(15)]
    known, unknown = (statistics.median(each) for each in zip(*pairs, strict=True))
    assert 0.6 < known / unknown < 1.6  # the hash is nearly all of it; without one for nobody it would be ten to one


def test_signing_out_voids_the_access_token_at_once(http, me):
    assert me.call("POST", "/auth/logout").status_code == 204
    assert me.call("GET", "/me").status_code == 401
    assert refresh(http, me.refresh_token).status_code == 401


def test_an_account_that_is_switched_off_is_out_at_once(http, database, me):
    with database.owner() as connection:
        connection.execute("update users set is_active = false where id = %s", [me.id])
    assert me.call("GET", "/me").status_code == 401
    assert sign_in(http, me.email).status_code == 401


def test_a_new_epoch_voids_older_tokens(database, me):
    with database.owner() as connection:
        connection.execute("update users set token_epoch = token_epoch + 1 where id = %s", [me.id])
    assert me.call("GET", "/me").status_code == 401


def forged(http, me, **changes):
    key = changes.pop("key", http.app.state.services.settings.signing_key)
    algorithm = changes.pop("algorithm", "HS256")
    headers = changes.pop("headers", {"kid": key_id(http.app.state.services.settings.signing_key)})
    claims = jwt.decode(me.access_token, options={"verify_signature": False}) | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm, headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "none", "key": ""},
        {"key": "another key of at least thirty-two characters"},
        {"exp": 1},
        {"exp": None},
        {"aud": "somebody else"},
        {"aud": None},
        {"iss": "somebody else"},
        {"sub": None},
        {"sub": "not a uuid"},
        {"jti": None},
        {"headers": {"kid": "another key"}},
        {"headers": {}},
    ],
    ids=str,
)
def test_a_token_that_is_not_ours_is_refused(http, me, changes):
    answer = http.get("/api/v1/me", headers={"Authorization": f"Bearer {forged(http, me, **changes)}"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("seconds_ago", "status"), [(20, 200), (31, 401)])
def test_a_token_is_valid_half_a_minute_longer_than_it_says(http, me, seconds_ago, status):
    services = http.app.state.services
    access = read_access_token(services.settings.keys, me.access_token)
    minutes = services.settings.access_token_minutes
    begun = clock.now() - timedelta(minutes=minutes, seconds=seconds_ago)
    token = access_token(services.settings.signing_key, access, now=begun, minutes=minutes)
    assert http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == status


@pytest.mark.parametrize("off_by", [timedelta(hours=-3), timedelta(hours=3)])
def test_a_user_who_signs_in_can_go_on_although_the_clock_of_the_api_is_off(http, new_user, monkeypatch, off_by):
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + off_by)
    tokens = http.post("/api/v1/auth/login", json={"email": new_user().email, "password": PASSWORD}).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert http.get("/api/v1/me", headers=bearer).status_code == 200


def test_moving_house_is_an_event_with_what_was_before(me, events):
    answer = me.call("PATCH", "/me", {"timezone": "Asia/Kolkata"})
    assert answer.json()["timezone"] == "Asia/Kolkata"
    moved = events(me.id)[-1]
    assert (moved["type"], moved["before"]) == ("user.updated", {"timezone": "Europe/Berlin"})


def test_a_change_of_what_one_has_not_seen_is_refused(me):
    etag = me.call("GET", "/me").headers["etag"]
    assert me.call("PATCH", "/me", {"display_name": "Ada"}, If_Match=etag).status_code == 200
    assert me.call("PATCH", "/me", {"display_name": "Bob"}, If_Match=etag).status_code == 412


def test_of_two_who_saw_the_same_account_one_changes_it(me, database):
    with ThreadPoolExecutor(2) as pool:
        with database.owner() as connection, connection.transaction():  # both have begun before either can write
            connection.execute("select from users where id = %s for update", [me.id])
            calls = [
                pool.submit(me.call, "PATCH", "/me", {"display_name": name}, If_Match='"1"') for name in ("Ada", "Bob")
            ]
            time.sleep(0.5)
        assert sorted(call.result().status_code for call in calls) == [200, 412]


def test_no_email_is_sent_where_an_account_does_not_change(me, events):
    before = me.call("GET", "/me").json()
    assert me.call("PATCH", "/me", {"display_name": before["display_name"]}).json() == before
    assert [each["type"] for each in events(me.id)] == ["user.registered"]


@pytest.mark.parametrize(
    "body",
    [{"timezone": "Nowhere"}, {"timezone": None}, {"role": "admin"}, {"email": "x@example.com"}, {"week_start": 7}],
)
def test_what_cannot_be_changed_stays(me, body):
    before = me.call("GET", "/me").json()
    assert me.call("PATCH", "/me", body).status_code == 422
    assert me.call("GET", "/me").json() == before


def test_a_list_of_sign_ins_of_which_one_can_be_ended(http, me):
    other = signed_in(http, me.email)
    sessions = me.call("GET", "/auth/sessions").json()["items"]
    assert [each["is_current"] for each in sessions] == [False, True]
    assert sessions[0]["user_agent"] == "testclient"
    assert me.call("DELETE", f"/auth/sessions/{sessions[0]['id']}").status_code == 204
    assert other.call("GET", "/me").status_code == 401
    assert me.call("GET", "/me").status_code == 200
    assert me.call("DELETE", f"/auth/sessions/{sessions[0]['id']}").status_code == 404


def test_nobody_ends_the_sign_in_of_another(me, new_user):
    other = new_user()
    theirs = other.call("GET", "/auth/sessions").json()["items"][0]["id"]
    assert me.call("DELETE", f"/auth/sessions/{theirs}").status_code == 404
    assert other.call("GET", "/me").status_code == 200


def test_all_sign_ins_can_be_ended_at_once(http, me):
    other = signed_in(http, me.email)
    assert me.call("DELETE", "/auth/sessions").status_code == 204
    assert (me.call("GET", "/me").status_code, other.call("GET", "/me").status_code) == (401, 401)


def test_another_password_ends_every_other_sign_in(http, me, mails):
    other = signed_in(http, me.email)
    wrong = me.call("POST", "/auth/change-password", {"password": "wrong", "new_password": "a better one"})
    assert wrong.status_code == 403
    changed = me.call("POST", "/auth/change-password", {"password": PASSWORD, "new_password": "a better one"})
    assert changed.status_code == 200
    assert (me.call("GET", "/me").status_code, other.call("GET", "/me").status_code) == (401, 401)
    goes_on = {"Authorization": f"Bearer {changed.json()['access_token']}"}
    assert http.get("/api/v1/me", headers=goes_on).status_code == 200
    assert (sign_in(http, me.email).status_code, sign_in(http, me.email, "a better one").status_code) == (401, 200)
    assert mails(me.email)[-1]["Subject"] == "Your FocusFlow password was changed"


def test_an_api_key_cannot_change_the_password(http, me):
    key = me.call("POST", "/keys", {"name": "App", "scopes": ["tasks:write"]}).json()["key"]
    body = {"password": PASSWORD, "new_password": "a better one"}
    assert http.post("/api/v1/auth/change-password", json=body, headers={"X-API-Key": key}).status_code == 403


def test_a_forgotten_password_is_reset_by_a_link_that_works_once(http, me, mails):
    known = http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    unknown = http.post("/api/v1/auth/forgot-password", json={"email": "nobody@example.com"})
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert known.status_code == 202
    assert mails("nobody@example.com") == []
    new = {"token": token_in(mails(me.email)[-1]), "new_password": "a better one"}
    assert http.post("/api/v1/auth/reset-password", json={**new, "new_password": "password"}).status_code == 422
    assert http.post("/api/v1/auth/reset-password", json=new).status_code == 204
    assert me.call("GET", "/me").status_code == 401
    assert sign_in(http, me.email, "a better one").status_code == 200
    assert http.post("/api/v1/auth/reset-password", json=new).status_code == 422


def test_a_link_expires_and_serves_its_own_purpose_only(http, database, me, mails):
    proof = token_in(mails(me.email)[-1])
    assert (
        http.post("/api/v1/auth/reset-password", json={"token": proof, "new_password": "a better one"}).status_code
        == 422
    )
    http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    late = token_in(mails(me.email)[-1])
    with database.owner() as connection:
        connection.execute("update mail_tokens set expires_at = created_at")
    for path, body in (
        ("reset-password", {"token": late, "new_password": "a better one"}),
        ("verify-email", {"token": proof}),
    ):
        assert http.post(f"/api/v1/auth/{path}", json=body).status_code == 422
    assert sign_in(http, me.email).status_code == 200


def test_a_mailbox_is_not_flooded_and_the_answer_does_not_tell(http, me, mails):
    answers = [http.post("/api/v1/auth/forgot-password", json={"email": me.email}).status_code for _ in range(5)]
    assert answers == [202] * 5
    assert len(mails(me.email)) == 1 + 3


def from_network(http, number):
    return TestClient(http.app, client=(f"198.51.100.{number}", 50000))


@pytest.mark.parametrize("path", ["register", "forgot-password"])
def test_an_address_gets_few_emails_however_many_networks_ask_for_them(http, me, mails, path):
    sent_before = len(mails(me.email))
    new = {"email": me.email, "password": "another password", "display_name": "Again"}
    body = new if path == "register" else {"email": me.email}
    answers = {from_network(http, n).post(f"/api/v1/auth/{path}", json=body).status_code for n in range(30)}
    assert answers == {202}
    assert 0 < len(mails(me.email)) - sent_before <= 10


def test_an_attacker_who_asks_for_resets_does_not_keep_the_owner_from_one(http, me, mails):
    for _ in range(20):
        http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    asked = from_network(http, 1).post("/api/v1/auth/forgot-password", json={"email": me.email})
    assert asked.status_code == 202
    new = {"token": token_in(mails(me.email)[-1]), "new_password": "a better one"}
    assert http.post("/api/v1/auth/reset-password", json=new).status_code == 204


def test_the_password_of_the_user_who_confirms_the_address_counts_and_all_else_ends(http, new_user, mails, events):
    attacker = new_user()
    key = attacker.call("POST", "/keys", {"name": "Backdoor", "scopes": ["tasks:read"]}).json()["key"]
    new = {
        "email": attacker.email,
        "password": "another sentence that is long",
        "display_name": "Owner",
        "locale": "de",
    }
    assert http.post("/api/v1/auth/register", json=new).status_code == 202
    planted, owners = (token_in(mail) for mail in mails(attacker.email))
    assert http.post("/api/v1/auth/verify-email", json={"token": owners}).status_code == 204
    assert sign_in(http, attacker.email).status_code == 401
    assert attacker.call("GET", "/me").status_code == 401
    assert refresh(http, attacker.refresh_token).status_code == 401
    assert http.get("/api/v1/tasks", headers={"X-API-Key": key}).status_code == 401
    owner = signed_in(http, attacker.email, "another sentence that is long")
    assert owner.call("GET", "/me").json()["display_name"] == "Owner"
    assert events(owner.id)[-1]["before"]["display_name"] == "Somebody"
    assert http.post("/api/v1/auth/verify-email", json={"token": planted}).status_code == 422
    assert owner.call("GET", "/me").status_code == 200


def test_confirming_an_address_ends_nothing_where_nobody_else_registered_it(http, me, mails):
    changed = me.call("POST", "/auth/change-password", {"password": PASSWORD, "new_password": "a better one"}).json()
    bearer = {"Authorization": f"Bearer {changed['access_token']}"}
    confirm = next(mail for mail in mails(me.email) if mail["Subject"] == "Confirm your FocusFlow account")
    assert http.post("/api/v1/auth/verify-email", json={"token": token_in(confirm)}).status_code == 204
    assert http.get("/api/v1/me", headers=bearer).json()["email_is_verified"]
    assert sign_in(http, me.email, "a better one").status_code == 200


def key_of(me, name="Phone widget"):
    return me.call("POST", "/keys", {"name": name, "scopes": ["tasks:read"]}).json()["key"]


def status_with(http, key):
    return http.get("/api/v1/tasks", headers={"X-API-Key": key}).status_code


def test_a_reset_revokes_every_api_key_and_the_email_names_them(http, me, mails):
    http.post("/api/v1/auth/verify-email", json={"token": token_in(mails(me.email)[-1])})
    key = key_of(me, "Widget\nhttps://evil.example")
    http.post("/api/v1/auth/forgot-password", json={"email": me.email})
    new = {"token": token_in(mails(me.email)[-1]), "new_password": "a better one"}
    assert http.post("/api/v1/auth/reset-password", json=new).status_code == 204
    assert status_with(http, key) == 401
    told = text_of(mails(me.email)[-1])
    assert f"These API keys were revoked: Widget https evil. example ({key[:11]}…)." in told


@pytest.mark.parametrize(("revoke_keys", "status"), [(False, 200), (True, 401)])
def test_another_password_revokes_api_keys_where_that_is_wanted(http, me, mails, revoke_keys, status):
    key = key_of(me)
    body = {"password": PASSWORD, "new_password": "a better one", "revoke_keys": revoke_keys}
    assert me.call("POST", "/auth/change-password", body).status_code == 200
    assert status_with(http, key) == status
    told = text_of(mails(me.email)[-1])
    assert ("were revoked" in told, "still work" in told) == (revoke_keys, not revoke_keys)
    assert "Phone widget" not in told  # the address is not verified: a stranger may have named it


@pytest.mark.parametrize(("query", "status"), [("", 200), ("?revoke_keys=true", 401)])
def test_signing_out_everywhere_revokes_api_keys_where_that_is_wanted(http, me, query, status):
    key = key_of(me)
    assert me.call("DELETE", f"/auth/sessions{query}").status_code == 204
    assert status_with(http, key) == status


@pytest.mark.parametrize("spelled", ["{}", " {} ", "{upper}", "{}\t"])
def test_every_spelling_of_an_address_counts_for_the_same_account(http, me, spelled):
    for n in range(5):
        sign_in(http, me.email, f"guess {n}")
    again = spelled.format(me.email, upper=me.email.upper())
    assert sign_in(http, again, "guess").status_code == 429


@pytest.mark.parametrize("mark", ["\u0000", "\u0001", "\u200b", "\u202e", "\u00ad"])
@pytest.mark.parametrize("place", ["{email}{mark}", "x{mark}{email}"])
@pytest.mark.parametrize("path", ["login", "forgot-password", "register"])
def test_an_address_with_characters_that_nobody_sees_is_refused(http, path, place, mark):
    email = place.format(mark=mark, email="ada@example.com")
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
    answer = http.post(
        f"/api/v1/auth/{path}",
        json=body if path == "register" else {k: body[k] for k in ("email",) + ("password",) * (path == "login")},
    )
    assert answer.status_code == 422
    assert "body.email" in answer.json()["detail"]


def test_letters_that_mail_servers_do_not_deliver_to_are_refused_by_name(http):
    new = {"email": "zoë@example.com", "password": PASSWORD, "display_name": "Zoë"}
    answer = http.post("/api/v1/auth/register", json=new)
    assert answer.status_code == 422
    assert "letters other than a to z before the @" in answer.json()["detail"]


def test_an_international_domain_is_one_address_and_is_mailed_in_ascii(http, mails):
    name = new_id().hex
    new = {"email": f"{name}@bücher.example", "password": PASSWORD, "display_name": "Ada"}
    assert http.post("/api/v1/auth/register", json=new).status_code == 202
    assert token_in(mails(f"{name}@xn--bcher-kva.example")[-1])
    assert sign_in(http, f"{name}@XN--bcher-kva.example").status_code == 200


@pytest.mark.parametrize(
    "name", ["Ada\nBcc: x", "Ada\u2028x", "\u202eadA", "See https://evil.example", "WWW.evil.example"]
)
def test_a_name_that_could_pass_for_a_part_of_an_email_is_refused(http, me, name):
    new = {"email": "new@example.com", "password": PASSWORD, "display_name": name}
    for answer in (http.post("/api/v1/auth/register", json=new), me.call("PATCH", "/me", {"display_name": name})):
        assert answer.status_code == 422
        assert "body.display_name" in answer.json()["detail"]


def test_a_failure_after_the_answer_does_not_reach_the_connection(address, monkeypatch):
    """Which addresses have an account must not show in which connections break."""
    monkeypatch.setattr("operational_api.auth.recovery.dispatch", lambda *_: 1 / 0)
    with httpx2.Client(base_url=address, trust_env=False) as client:
        email = f"{new_id().hex}@example.com"
        client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD, "display_name": "Ada"})
        for _ in range(2):
            asked = client.post("/api/v1/auth/forgot-password", json={"email": email})
            assert asked.status_code == 202
        streams = {asked.extensions["network_stream"] for asked in [asked]}
        again = client.post("/api/v1/auth/forgot-password", json={"email": email})
        assert again.extensions["network_stream"] in streams


def test_what_concerns_an_account_is_in_the_audit_log(http, database, me):
    sign_in(http, me.email, "wrong")
    me.call("POST", "/auth/change-password", {"password": PASSWORD, "new_password": "a better one"})
    with database.owner() as connection:
        rows = connection.execute("select action, ip from audit_log where user_id = %s order by at", [me.id]).fetchall()
    assert [row["action"] for row in rows] == ["sign-in", "sign-in.refused", "password.changed"]
    assert {row["ip"] for row in rows} == {"testclient"}


def test_refused_sign_ins_of_unknown_addresses_and_sign_outs_are_in_the_audit_log(http, database, me):
    with database.owner() as connection:
        connection.execute("delete from audit_log")
    sign_in(http, f"x-{me.email}")
    me.call("POST", "/auth/logout")
    with database.owner() as connection:
        rows = connection.execute("select action, user_id::text, after from audit_log order by at").fetchall()
    assert [(row["action"], row["user_id"]) for row in rows] == [("sign-in.refused", None), ("sign-out", me.id)]


def test_only_the_dashboard_of_this_installation_chooses_the_address_that_attempts_count_for(http, me):
    key = http.app.state.services.settings.signing_key

    def guess(number, signing_key):
        told = {forwarding.HEADER: forwarding.signed(signing_key, f"198.51.100.{number}")}
        body = {"email": me.email, "password": "a guess"}
        return http.post("/api/v1/auth/login", json=body, headers=told).status_code

    assert {guess(n, key) for n in range(8)} == {401}
    assert [guess(n, "another key") for n in range(7)][-1] == 429


@pytest.mark.parametrize(
    ("trusted", "counted"), [(None, "127.0.0.1"), ("127.0.0.1", "198.51.100.7"), ("10.0.0.0/8, 192.0.2.1", "127.0.0.1")]
)
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(trusted, counted, tmp_path):
    settings = load_settings(home=tmp_path, trusted_proxies=trusted or "")
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["client"][0])

    config = uvicorn.Config(app, interface="asgi3", **long_running.proxy_options(settings))
    config.load()
    asyncio.run(
        config.loaded_app(
            {"type": "http", "client": ("127.0.0.1", 5), "headers": [(b"x-forwarded-for", b"198.51.100.7")]}, None, None
        )
    )
    assert seen == [counted]

"""Registering, signing in, and what ends a sign-in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest

from focusflow import clock
from operational_api.security.passwords import HASHER
from operational_api.security.tokens import access_token, read_access_token
from tests.integration.api.conftest import PASSWORD


def sign_in(http, email, password=PASSWORD):
    return http.post("/api/v1/auth/login", json={"email": email, "password": password})


def refresh(http, token):
    return http.post("/api/v1/auth/refresh", json={"refresh_token": token})


def test_a_registration_is_an_event_too(me, events):
    (registered,) = events(me.id)
    assert (registered["type"], registered["subject"], registered["entityversion"]) == ("user.registered", me.id, 1)
    assert registered["data"]["email"] == me.email
    assert "password_hash" not in registered["data"]


def test_an_address_has_one_account_however_it_is_written(http, me):
    again = {"email": me.email.upper(), "password": PASSWORD, "display_name": "Again"}
    assert http.post("/api/v1/auth/register", json=again).status_code == 409


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


def test_a_refresh_token_used_twice_ends_the_whole_sign_in(http, me):
    successor = refresh(http, me.refresh_token).json()
    assert refresh(http, me.refresh_token).status_code == 401
    assert refresh(http, successor["refresh_token"]).status_code == 401
    assert me.call("GET", "/me").status_code == 401


def test_of_thirty_who_use_a_refresh_token_at_once_one_succeeds(http, me):
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: refresh(http, me.refresh_token).status_code, range(30)))
    assert answers.count(200) == 1
    assert answers.count(401) == 29


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
    claims = jwt.decode(me.access_token, options={"verify_signature": False}) | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm=algorithm)


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
    ],
    ids=str,
)
def test_a_token_that_is_not_ours_is_refused(http, me, changes):
    answer = http.get("/api/v1/me", headers={"Authorization": f"Bearer {forged(http, me, **changes)}"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_expires_to_the_second(http, me):
    services = http.app.state.services
    access = read_access_token(services.settings.signing_key, me.access_token)
    begun = clock.now() - timedelta(minutes=services.settings.access_token_minutes)
    expired = access_token(
        services.settings.signing_key, access, now=begun, minutes=services.settings.access_token_minutes
    )
    assert http.get("/api/v1/me", headers={"Authorization": f"Bearer {expired}"}).status_code == 401


def test_moving_house_is_an_event_with_what_was_before(me, events):
    answer = me.call("PATCH", "/me", {"timezone": "Asia/Kolkata"})
    assert answer.json()["timezone"] == "Asia/Kolkata"
    moved = events(me.id)[-1]
    assert (moved["type"], moved["before"]) == ("user.updated", {"timezone": "Europe/Berlin"})


def test_a_change_of_what_one_has_not_seen_is_refused(me):
    etag = me.call("GET", "/me").headers["etag"]
    assert me.call("PATCH", "/me", {"display_name": "Ada"}, If_Match=etag).status_code == 200
    assert me.call("PATCH", "/me", {"display_name": "Bob"}, If_Match=etag).status_code == 412


@pytest.mark.parametrize(
    "body",
    [{"timezone": "Nowhere"}, {"timezone": None}, {"role": "admin"}, {"email": "x@example.com"}, {"week_start": 7}],
)
def test_what_cannot_be_changed_stays(me, body):
    before = me.call("GET", "/me").json()
    assert me.call("PATCH", "/me", body).status_code == 422
    assert me.call("GET", "/me").json() == before

"""The signing key is rotated while everything goes on, and nothing ends that it signed or encrypted."""

import base64
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from click.testing import CliRunner
from sqlalchemy import LargeBinary

from cli.main import commands
from focusflow import clock, forwarding, webhooks
from focusflow.database import audit
from focusflow.database.audit_chain import AuditChain
from focusflow.database.session import Role
from focusflow.database.tables import metadata
from focusflow.encryption import decrypt
from focusflow.key_ring import KeyRing, OlderKey, key_id, new_key
from focusflow.unsubscribe import Subscription, link
from operational_api.security import key_rotation, second_factor
from operational_api.security.tokens import access_token, read_access_token
from pipelines.privacy import certificates

#: Bytes that are no secret: events, and files on their way in.
#: Not encrypted: events, files, and the keys of pseudonyms, which are random and never leave the database.
PLAIN = {"outbox.value", "inbox_refused.value", "import_files.content", "app_user_keys.secret"}


@pytest.fixture
def settings(http):
    return http.app.state.services.settings


def status(http, token):
    return http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


def stored_secret(database, user):
    with database.owner() as connection:
        return connection.execute("select secret from second_factors where user_id = %s", [user.id]).fetchone()[
            "secret"
        ]


def signing_secret(database, webhook_id, key, user):
    """The secret of a webhook as its receiver knows it."""
    with database.owner() as connection:
        row = connection.execute("select secret from webhook_endpoints where id = %s", [webhook_id]).fetchone()
    secret = decrypt([key], webhooks.PURPOSE, UUID(user.id), row["secret"])
    return secret and webhooks.written(secret)


def unsealed(settings, database):
    """The log without entries, as before the first one."""
    with database.owner() as connection:
        connection.execute("delete from audit_log")
    AuditChain(settings, database).head_file.unlink(missing_ok=True)


def test_nothing_ends_with_the_key_that_signed_it(http, settings, database, me):
    unsealed(settings, database)
    secret = base64.b32decode(me.call("POST", "/auth/two-factor").json()["key"])
    webhook = me.call("POST", "/webhooks", {"url": "https://example.com/hook", "event_types": ["task.completed"]})
    assert webhook.status_code == 201, webhook.text
    unsubscribe = link(settings, Subscription(UUID(me.id), "weekly")).partition("/api/")[2]
    erasure = {"id": UUID(int=1), "user_hash": "hash", "created_at": clock.now()}
    certificate = certificates.issue(settings.signing_key, erasure, {"tasks": 1}, clock.now())
    refreshed = http.post("/api/v1/auth/refresh", json={"refresh_token": me.refresh_token}).json()["refresh_token"]
    chain = AuditChain(settings, database)
    chain.seal()
    before = settings.signing_key

    key_rotation.rotate(settings, database)
    encrypted = key_rotation.encrypt_again(settings, database)

    assert settings.signing_key != before
    assert encrypted.count >= 1
    assert encrypted.unreadable == ()
    assert second_factor.decrypted([settings.signing_key], UUID(me.id), stored_secret(database, me)) == secret
    assert signing_secret(database, webhook.json()["id"], settings.signing_key, me) == webhook.json()["secret"]
    assert me.call("GET", "/me").status_code == 200
    assert http.get(f"/api/{unsubscribe}").status_code == 200
    assert certificates.is_genuine(settings.keys, certificate)
    again = http.post("/api/v1/auth/refresh", json={"refresh_token": me.refresh_token})
    assert again.json()["refresh_token"] == refreshed, "a repeated refresh gets the same successor"
    assert kid(again.json()["access_token"]) == key_id(settings.signing_key) != kid(me.access_token)
    assert chain.seal() > 0
    verdict = chain.verify()
    assert verdict.is_intact, verdict.sentence
    with database.owner() as connection:
        rows = connection.execute("select action, before, after from audit_log where action like 'keys%'").fetchall()
    assert {row["action"] for row in rows} == {"keys.rotated", "keys.encrypted"}
    assert before not in str(rows)
    assert settings.signing_key not in str(rows)


def test_every_kind_of_secret_is_encrypted_again(settings, database, me):
    """One that is missing from the rotation would end with an older key that is dropped."""
    stored = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    changed = {
        f"{table}.{column.strip().partition(' ')[0]}"
        for kind in key_rotation.KINDS
        for _, table, _, columns in [key_rotation.QUERIES[f"save_{kind.name}"].split(maxsplit=3)]
        for column in columns.partition(" where ")[0].split(",")
    }
    assert changed == stored - PLAIN
    assert key_rotation.encrypt_again(settings, database).unreadable == ()


def test_an_older_key_signs_no_access_beyond_its_end(http, settings, me):
    """Who has an older key could write a token that lasts for years."""
    access = read_access_token(settings.keys, me.access_token)
    forged = access_token(settings.signing_key, access, now=clock.now(), minutes=60 * 24 * 365)
    assert status(http, forged) == 200
    keys = settings.keys
    for until, expected in ((timedelta(minutes=1), 200), (-timedelta(minutes=1), 401)):
        settings.key_file.write(KeyRing(new_key(), (OlderKey(clock.now() + until, keys.signing), *keys.older)))
        assert status(http, forged) == expected


def test_a_leaked_key_ends_at_once(http, settings, database, new_user):
    user = new_user()
    told = {forwarding.HEADER: forwarding.signed(settings.signing_key, "198.51.100.9")}
    key_rotation.rotate(settings, database, is_leaked=True)
    assert user.call("GET", "/me").status_code == 401
    refreshed = http.post("/api/v1/auth/refresh", json={"refresh_token": user.refresh_token}, headers=told)
    assert status(http, refreshed.json()["access_token"]) == 200
    assert forwarding.address_in(settings.keys.fresh(clock.now()), told[forwarding.HEADER]) is None


def test_an_older_key_seals_no_new_entry_of_the_audit_log(settings, database):
    unsealed(settings, database)
    with database.transaction(Role.AUTH) as tx:
        audit.record(tx, "one", actor_id=None, user_id=None, ip="192.0.2.1")
    chain = AuditChain(settings, database)
    chain.seal()
    assert chain.verify().is_intact
    keys = settings.keys
    settings.key_file.write(KeyRing(new_key(), (OlderKey(clock.now() - timedelta(hours=2), keys.signing), *keys.older)))
    assert "is not as it was written" in chain.verify().sentence
    unsealed(settings, database)


def test_the_command_says_what_it_did(settings, database_url, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(settings.home))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)

    def run(*arguments):
        result = CliRunner().invoke(commands, ["keys", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    before = settings.signing_key
    run("rotate", "--dry-run")
    assert settings.signing_key == before
    told = run("rotate")
    assert f"The key {key_id(settings.signing_key)} signs now. {key_id(before)} verifies" in told
    listed = run("list").splitlines()
    assert listed[0] == f"{key_id(settings.signing_key)}  signs"
    assert listed[1].startswith(f"{key_id(before)}  verifies")
    monkeypatch.setenv("FOCUSFLOW_SECRET_KEY", new_key())
    assert "FOCUSFLOW_OLDER_SECRET_KEYS" in run("rotate")
    monkeypatch.setenv("FOCUSFLOW_OLDER_SECRET_KEYS", f'{{"2026-01-01T00:00:00Z": "{settings.signing_key}"}}')
    assert "secrets." in run("rotate")

"""Settings: read once, wrong ones named in a sentence, secrets made and kept."""

import secrets
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from pydantic import AliasChoices

from focusflow.errors import SetupProblem
from focusflow.key_ring import KeyFile, secret_under
from focusflow.settings import Settings, load_settings
from tests.sizes import sized

ENVIRONMENT = {
    name: str(alias.choices[0])
    if isinstance(alias := field.validation_alias, AliasChoices)
    else f"FOCUSFLOW_{name.upper()}"
    for name, field in Settings.model_fields.items()
}


def test_a_wrong_setting_is_named_in_one_sentence(monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_API_PORT", "99999")
    with pytest.raises(SetupProblem, match="FOCUSFLOW_API_PORT"):
        load_settings()


STRUCTURED = ("cors_origins", "ai_prices", "oidc_roles", "older_secret_keys")
NEW, OLD = ("5d4f0b1c9a87e26334f1ab0c7d92e8156b3a40cf7e1d98258", "c7a61e09b5d3f84127ce0ab96d58f3e14b70a2c9d68e15f37")


@pytest.mark.parametrize("value", ["", "  "])
def test_a_setting_without_a_value_counts_as_unset(monkeypatch, tmp_path, value):
    monkeypatch.chdir(tmp_path)
    plain = load_settings()
    scalars = [name for name in ENVIRONMENT if name not in STRUCTURED]
    for name in scalars:
        monkeypatch.setenv(ENVIRONMENT[name], value)
    settings = load_settings()
    assert settings.model_fields_set.isdisjoint(scalars)
    assert settings == plain


@pytest.mark.parametrize("name", STRUCTURED)
def test_an_empty_list_or_mapping_counts_as_unset_and_a_wrong_one_is_one_sentence(monkeypatch, name):
    monkeypatch.setenv(ENVIRONMENT[name], "")
    assert name not in load_settings().model_fields_set
    monkeypatch.setenv(ENVIRONMENT[name], "https://app.example.com")
    with pytest.raises(SetupProblem, match=name):
        load_settings()


def test_an_empty_line_of_the_env_file_counts_as_unset(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("FOCUSFLOW_SMTP_HOST=\nKAFKA_BOOTSTRAP_SERVERS=\nFOCUSFLOW_DATABASE_URL=\n")
    settings = load_settings()
    assert (settings.smtp_host, settings.kafka_bootstrap_servers, settings.database_url) == (None, None, None)
    assert not settings.must_verify_email


@pytest.mark.parametrize(
    "key",
    [
        "changeme", "short", "x" * 31, "x" * 64, "changeme" * 5, "Change-Me! " * 4, "your-256-bit-secret-your-256-bit-secret", "01234567" * 4,
        "super-secret-signing-key-of-focusflow", "this is an example of a signing key", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    ],
)  # fmt: skip
def test_a_guessable_signing_key_is_refused(monkeypatch, key):
    monkeypatch.setenv("FOCUSFLOW_SECRET_KEY", key)
    with pytest.raises(SetupProblem, match="FOCUSFLOW_SECRET_KEY"):
        load_settings()


def test_settings_do_not_change_once_read(tmp_path):
    settings = load_settings(home=tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "home", Path("/elsewhere"))  # noqa: B010 (mypy knows that it cannot be assigned)


def test_the_lake_is_under_the_home_unless_set_otherwise(tmp_path, monkeypatch):
    assert load_settings(home=tmp_path).lake_location == str(tmp_path / "lake")
    monkeypatch.setenv("FOCUSFLOW_LAKE", "s3://bucket/lake")
    assert load_settings(home=tmp_path).lake_location == "s3://bucket/lake"


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    first = secret_under(tmp_path, "signing-key")
    assert secret_under(tmp_path, "signing-key") == first
    assert len(first) >= 32
    assert (tmp_path / "secrets" / "signing-key").stat().st_mode & 0o077 == 0


def test_all_who_race_for_a_secret_get_the_same(tmp_path):
    with get_context("spawn").Pool(6) as pool:
        found = pool.starmap(secret_under, [(tmp_path, "signing-key")] * 12)
        pool.close()
        pool.join()  # to be killed while it starts, a process may not hear
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["signing-key"]


def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "home").write_text("a file stands here")
    with pytest.raises(SetupProblem, match="FOCUSFLOW_HOME"):
        secret_under(tmp_path / "home", "signing-key")


@pytest.mark.parametrize("proxy", ["proxy.example.com", "10.0.0.0/33", "0.0.0.0/0", "::/0", "*"])
def test_a_proxy_that_cannot_be_trusted_is_named(proxy):
    with pytest.raises(SetupProblem, match="FOCUSFLOW_TRUSTED_PROXIES"):
        load_settings(trusted_proxies=f"127.0.0.1, {proxy}")


def test_a_random_signing_key_is_accepted():
    for _ in range(sized(20, 200)):
        for random in (secrets.token_urlsafe(32), secrets.token_hex(16), secrets.token_hex(32)):
            assert load_settings(secret_key=random).signing_key == random


@pytest.mark.parametrize(
    ("issuer", "client_id", "is_accepted"),
    [
        ("https://id.example.com/realms/main", "focusflow", True),
        ("http://127.0.0.1:8080", "focusflow", True),
        ("http://id.example.com", "focusflow", False),
        ("http://127.0.0.1.example.com", "focusflow", False),
        ("id.example.com", "focusflow", False),
        ("https://id.example.com", None, False),
    ],
)
def test_a_provider_needs_tls_and_a_client_id(issuer, client_id, is_accepted):
    if is_accepted:
        assert load_settings(oidc_issuer=issuer, oidc_client_id=client_id).oidc_issuer == issuer
    else:
        with pytest.raises(SetupProblem):
            load_settings(oidc_issuer=issuer, oidc_client_id=client_id)


def test_keys_of_the_settings_are_a_ring(monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_SECRET_KEY", NEW)
    monkeypatch.setenv(
        "FOCUSFLOW_OLDER_SECRET_KEYS", f'{{"2026-01-01T00:00:00Z": "older", "2026-02-01T00:00:00Z": "{OLD}"}}'
    )
    keys = load_settings().keys
    assert list(keys) == [NEW, OLD, "older"]
    assert list(keys.fresh(datetime(2026, 1, 15, tzinfo=UTC))) == [NEW, OLD]


def test_running_processes_follow_a_rotation(tmp_path):
    settings = load_settings(home=tmp_path)
    first = settings.signing_key
    KeyFile(tmp_path).write(settings.keys.rotated(NEW, datetime(2026, 1, 1, tzinfo=UTC)))
    assert list(settings.keys) == [NEW, first]
    assert settings.key_file.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["signing-key"]

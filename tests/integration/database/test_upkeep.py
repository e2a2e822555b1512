"""What has expired is forgotten, and nothing else."""

from focusflow.database.upkeep import forget_expired
from focusflow.identity import new_id

KEEPERS = {
    "idempotency_keys": (
        "insert into idempotency_keys (user_id, key, request_hash, created_at) values (%(user)s, %(name)s, '', now() - %(age)s::interval)",
        ("23 hours", "25 hours"),
    ),
    "refresh_tokens": (
        (
            "insert into refresh_tokens (id, user_id, family, token_hash, created_at, expires_at)"
            " values (gen_random_uuid(), %(user)s, gen_random_uuid(), %(name)s, now(), now() - %(age)s::interval)"
        ),
        ("29 days", "31 days"),
    ),
    "mail_tokens": (
        (
            "insert into mail_tokens (id, user_id, purpose, token_hash, created_at, expires_at)"
            " values (gen_random_uuid(), %(user)s, 'verify_email', %(name)s, now(), now() - %(age)s::interval)"
        ),
        ("6 days", "8 days"),
    ),
    "attempts": ("insert into attempts values (%(name)s, 1, now() - %(age)s::interval)", ("23 hours", "25 hours")),
}


def test_what_has_expired_goes_and_the_rest_stays(database):
    user = new_id()
    with database.owner() as connection:
        connection.execute(
            "insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone)"
            " values (%s, now(), now(), 'ada@example.com', '', 'Ada', 'UTC')",
            [user],
        )
        for statement, ages in KEEPERS.values():
            for age in ages:
                connection.execute(statement, {"user": user, "name": age, "age": age})
    assert forget_expired(database) == len(KEEPERS)
    assert forget_expired(database) == 0
    with database.owner() as connection:
        for table in KEEPERS:
            row = connection.execute(f"select count(*) as rows from {table}").fetchone()
            assert row["rows"] == 1, table

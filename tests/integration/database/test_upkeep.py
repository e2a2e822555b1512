"""What has expired is forgotten, and nothing else."""

from focusflow.database.retention import delete_expired, delete_expired_texts
from focusflow.identity import new_id
from tests.conftest import add_user

KEEPERS = {
    "idempotency_keys": (
        "insert into idempotency_keys (user_id, key, request_hash, created_at) values (%(user)s, %(name)s, '', now() - %(age)s::interval)",
        ("23 hours", "25 hours"),
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
    assert delete_expired(database) == len(KEEPERS)
    assert delete_expired(database) == 0
    with database.owner() as connection:
        for table in KEEPERS:
            row = connection.execute(f"select count(*) as rows from {table}").fetchone()
            assert row["rows"] == 1, table


EXPIRED_TEXTS = {
    "ai_messages": (
        "insert into ai_messages (id, user_id, created_at, kind, request_hash, prompt_version, model, status)"
        " values (gen_random_uuid(), %(user)s, now() - %(age)s::interval, 'insights', '', '', '', 'written')"
    ),
    "notifications": (
        "insert into notifications (id, user_id, created_at, updated_at, type, title, scheduled_at, status)"
        " values (gen_random_uuid(), %(user)s, now(), now(), 'daily_plan', '', now() - %(age)s::interval, %(status)s)"
    ),
    "failed_attempts": (
        "insert into failed_attempts (user_id, work, item, attempts, failed_at, reason)"
        " values (%(user)s, 'plan', %(age)s::text, 1, now() - %(age)s::interval, %(status)s)"
    ),
    "shown_scores": (
        "insert into shown_scores (user_id, local_date, task_id, rank, score, model_version, shown_at)"
        " values (%(user)s, current_date - %(age)s::interval, gen_random_uuid(), 1, 50, %(status)s, now())"
    ),
    "report_deliveries": (
        "insert into report_deliveries (id, user_id, created_at, updated_at, kind, period, first_day, last_day, next_attempt_at, message_id, content)"
        " values (gen_random_uuid(), %(user)s, now(), now(), 'weekly', %(age)s::text, now() - %(age)s::interval, now() - %(age)s::interval, now(), '', '{}')"
    ),
}


def test_old_texts_are_deleted_and_what_prevents_duplicate_emails_is_kept(database):
    user = add_user(database)
    with database.owner() as connection:
        for statement in EXPIRED_TEXTS.values():
            for age, status in (("39 days", "sent"), ("41 days", "sent"), ("50 days", "scheduled")):
                connection.execute(statement, {"user": user, "age": age, "status": status})
    assert delete_expired_texts(database, 40, 0)["texts of reports let go"] == 0
    delete_expired_texts(database, 40, 45)
    with database.owner() as connection:
        kept = {table: connection.execute(f"select * from {table}").fetchall() for table in EXPIRED_TEXTS}
    assert {table: len(rows) for table, rows in kept.items()} == {
        "ai_messages": 1,
        "notifications": 2,
        "failed_attempts": 1,
        "shown_scores": 1,
        "report_deliveries": 3,
    }
    assert [row["period"] for row in kept["report_deliveries"] if row["content"] is None] == ["50 days"]

"""What the rest of the API keeps: keys, preferences, notifications, progress, an audit log, and what the pipeline publishes for it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("attempts_pkey")),
        prefixes=["unlogged"],
    )
    op.create_index(op.f("attempts_last_at_idx"), "attempts", ["last_at"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_log_pkey")),
    )
    op.create_index(op.f("audit_log_at_idx"), "audit_log", ["at"], unique=False)
    op.create_index(op.f("audit_log_user_id_at_idx"), "audit_log", ["user_id", "at"], unique=False)
    op.create_table(
        "publications",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("publications_pkey")),
    )
    op.create_table(
        "published_product",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("row", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "day", "key", name=op.f("published_product_pkey")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("api_keys_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("key_hash", name=op.f("api_keys_key_hash_key")),
    )
    op.create_index(op.f("api_keys_user_id_idx"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "mail_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose in ('verify_email', 'reset_password')", name=op.f("mail_tokens_purpose_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("mail_tokens_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("mail_tokens_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("mail_tokens_token_hash_key")),
    )
    op.create_index(op.f("mail_tokens_user_id_idx"), "mail_tokens", ["user_id"], unique=False)
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("channels", sa.ARRAY(sa.Text()), server_default=sa.text("'{in_app}'"), nullable=False),
        sa.CheckConstraint(
            "type in ('task_reminder', 'goal_reminder', 'daily_plan', 'productivity_tip', 'system', 'achievement', 'report')",
            name=op.f("notification_preferences_type_check"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("notification_preferences_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "type", name=op.f("notification_preferences_pkey")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("channels", sa.ARRAY(sa.Text()), server_default=sa.text("'{in_app}'"), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'scheduled'"), nullable=False),
        sa.CheckConstraint(
            "status in ('scheduled', 'sent', 'failed', 'cancelled')", name=op.f("notifications_status_check")
        ),
        sa.CheckConstraint(
            "type in ('task_reminder', 'goal_reminder', 'daily_plan', 'productivity_tip', 'system', 'achievement', 'report')",
            name=op.f("notifications_type_check"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("notifications_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("notifications_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("notifications_user_id_id_key")),
    )
    op.create_index(
        op.f("notifications_user_id_scheduled_at_idx"), "notifications", ["user_id", "scheduled_at"], unique=False
    )
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("weekly_report", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("weekly_report_day", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("weekly_report_hour", sa.SmallInteger(), server_default=sa.text("8"), nullable=False),
        sa.Column("monthly_report", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("empty_week", sa.Text(), server_default=sa.text("'line'"), nullable=False),
        sa.Column("calm_mode", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("empty_week in ('line', 'nothing')", name=op.f("preferences_empty_week_check")),
        sa.CheckConstraint("weekly_report_day between 0 and 6", name=op.f("preferences_weekly_report_day_check")),
        sa.CheckConstraint("weekly_report_hour between 0 and 23", name=op.f("preferences_weekly_report_hour_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("preferences_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("preferences_pkey")),
    )
    op.create_table(
        "published_rows",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("row", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("published_rows_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "table_name", "day", "key", name=op.f("published_rows_pkey")),
    )
    op.create_table(
        "goal_progress",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.CheckConstraint("progress between 0 and 100", name=op.f("goal_progress_progress_check")),
        sa.ForeignKeyConstraint(
            ["user_id", "goal_id"],
            ["goals.user_id", "goals.id"],
            name=op.f("goal_progress_user_id_goal_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("goal_progress_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("goal_progress_pkey")),
    )
    op.create_index(
        op.f("goal_progress_user_id_goal_id_recorded_at_idx"),
        "goal_progress",
        ["user_id", "goal_id", "recorded_at"],
        unique=False,
    )
    op.add_column("priority_scores", sa.Column("deadline_risk", sa.Double(), nullable=True))
    op.add_column("priority_scores", sa.Column("importance", sa.Double(), nullable=True))
    op.add_column("priority_scores", sa.Column("likelihood", sa.Double(), nullable=True))
    op.add_column("priority_scores", sa.Column("due_rank", sa.Integer(), nullable=True))
    op.add_column("priority_scores", sa.Column("urgency_rank", sa.Integer(), nullable=True))
    op.add_column(
        "priority_scores", sa.Column("is_baseline", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column(
        "priority_scores", sa.Column("task_version", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("priority_scores", sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "tasks",
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple', title || ' ' || coalesce(description, '') || ' ' || coalesce(notes, ''))",
                persisted=True,
            ),
            nullable=True,
        ),
    )
    op.create_index(
        "tasks_waiting_idx", "tasks", ["user_id"], unique=False, postgresql_where=sa.text("blocked_by <> '{}'")
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0003_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for table in ("habit_logs", "time_entries", "calendar_events", "days_off"):
        op.execute(f"drop policy reporting on {table}")
    op.execute("revoke select on habit_logs, time_entries, calendar_events, days_off from focusflow_reporting")
    for column in (
        "shown_at",
        "task_version",
        "is_baseline",
        "urgency_rank",
        "due_rank",
        "likelihood",
        "importance",
        "deadline_risk",
    ):
        op.drop_column("priority_scores", column)
    op.drop_index("tasks_waiting_idx", "tasks")
    op.drop_column("tasks", "search")
    for table in (
        "audit_log",
        "attempts",
        "mail_tokens",
        "api_keys",
        "notification_preferences",
        "preferences",
        "notifications",
        "goal_progress",
        "publications",
        "published_product",
        "published_rows",
    ):
        op.drop_table(table)

"""The first schema: accounts, entities, the outbox, and who may see what."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "recorded_on",
            sa.Date(),
            server_default=sa.text("(clock_timestamp() at time zone 'UTC')::date"),
            nullable=False,
        ),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("log_offset", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", "recorded_on", name=op.f("outbox_pkey")),
        postgresql_partition_by="RANGE (recorded_on)",
    )
    op.create_index(
        "outbox_position_idx",
        "outbox",
        ["bucket", "log_offset", "recorded_on"],
        unique=True,
        postgresql_where=sa.text("log_offset is not null"),
    )
    op.create_index(
        "outbox_unsequenced_idx", "outbox", ["id"], unique=False, postgresql_where=sa.text("log_offset is null")
    )
    op.create_table(
        "outbox_head",
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("outbox_head_pkey")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("week_start", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("role", sa.Text(), server_default=sa.text("'user'"), nullable=False),
        sa.Column("daily_focus_goal_minutes", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("token_epoch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('user', 'analyst', 'admin')", name=op.f("users_role_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
    )
    op.create_index("users_email_key", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "calendar_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("all_day", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("busy", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("attendees", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), server_default=sa.text("'manual'"), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("calendar_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "source in ('manual', 'ics', 'caldav', 'google', 'outlook')", name=op.f("calendar_events_source_check")
        ),
        sa.CheckConstraint("end_at >= start_at", name=op.f("calendar_events_order_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("calendar_events_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("calendar_events_pkey")),
        sa.UniqueConstraint(
            "user_id", "calendar_id", "external_id", name=op.f("calendar_events_user_id_calendar_id_external_id_key")
        ),
        sa.UniqueConstraint("user_id", "id", name=op.f("calendar_events_user_id_id_key")),
    )
    op.create_index(
        op.f("calendar_events_user_id_start_at_idx"), "calendar_events", ["user_id", "start_at"], unique=False
    )
    op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("categories_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("categories_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("categories_user_id_id_key")),
    )
    op.create_index(
        "categories_user_id_name_key", "categories", ["user_id", sa.literal_column("lower(name)")], unique=True
    )
    op.create_table(
        "days_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("'vacation'"), nullable=False),
        sa.CheckConstraint("reason in ('holiday', 'vacation', 'sick')", name=op.f("days_off_reason_check")),
        sa.CheckConstraint("last_date >= first_date", name=op.f("days_off_order_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("days_off_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("days_off_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("days_off_user_id_id_key")),
    )
    op.create_table(
        "habits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), server_default=sa.text("'daily'"), nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("times_per_week", sa.SmallInteger(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("reminder_time", sa.Time(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("frequency in ('daily', 'weekdays', 'weekly')", name=op.f("habits_frequency_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("habits_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("habits_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("habits_user_id_id_key")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("idempotency_keys_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index(op.f("idempotency_keys_created_at_idx"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "priority_scores",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("score between 0 and 100", name=op.f("priority_scores_score_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("priority_scores_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "task_id", name=op.f("priority_scores_pkey")),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("refresh_tokens_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("refresh_tokens_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("refresh_tokens_token_hash_key")),
    )
    op.create_index(op.f("refresh_tokens_family_idx"), "refresh_tokens", ["family"], unique=False)
    op.create_index(op.f("refresh_tokens_user_id_idx"), "refresh_tokens", ["user_id"], unique=False)
    op.create_table(
        "goals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("horizon", sa.Text(), server_default=sa.text("'goal'"), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("target_date", sa.Date(), nullable=True),
        sa.Column("measurement", sa.Text(), server_default=sa.text("'percent'"), nullable=False),
        sa.Column("target_value", sa.Double(), nullable=True),
        sa.Column("current_value", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("weekly_minutes", sa.Integer(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("horizon in ('goal', 'vision')", name=op.f("goals_horizon_check")),
        sa.CheckConstraint("measurement in ('percent', 'number', 'milestones')", name=op.f("goals_measurement_check")),
        sa.CheckConstraint("status in ('active', 'completed', 'paused', 'cancelled')", name=op.f("goals_status_check")),
        sa.CheckConstraint("progress between 0 and 100", name=op.f("goals_progress_check")),
        sa.ForeignKeyConstraint(
            ["user_id", "category_id"],
            ["categories.user_id", "categories.id"],
            name=op.f("goals_user_id_category_id_fkey"),
            ondelete="no action",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("goals_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("goals_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("goals_user_id_id_key")),
    )
    op.create_table(
        "habit_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("habit_id", sa.Uuid(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), server_default=sa.text("1"), nullable=False),
        sa.Column("mood", sa.SmallInteger(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("skipped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id", "habit_id"],
            ["habits.user_id", "habits.id"],
            name=op.f("habit_logs_user_id_habit_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("habit_logs_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("habit_logs_pkey")),
        sa.UniqueConstraint(
            "user_id", "habit_id", "local_date", name=op.f("habit_logs_user_id_habit_id_local_date_key")
        ),
        sa.UniqueConstraint("user_id", "id", name=op.f("habit_logs_user_id_id_key")),
    )
    op.create_table(
        "milestones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("order_index", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("target_date", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('pending', 'completed', 'skipped')", name=op.f("milestones_status_check")),
        sa.ForeignKeyConstraint(
            ["user_id", "goal_id"],
            ["goals.user_id", "goals.id"],
            name=op.f("milestones_user_id_goal_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("milestones_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("milestones_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("milestones_user_id_id_key")),
    )
    op.create_index(op.f("milestones_user_id_goal_id_idx"), "milestones", ["user_id", "goal_id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), server_default=sa.text("'medium'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("estimated_minutes", sa.Integer(), nullable=True),
        sa.Column("actual_minutes", sa.Integer(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parent_task_id", sa.Uuid(), nullable=True),
        sa.Column("goal_id", sa.Uuid(), nullable=True),
        sa.Column("recurrence", sa.Text(), nullable=True),
        sa.Column("blocked_by", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ai_generated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("priority in ('low', 'medium', 'high', 'urgent')", name=op.f("tasks_priority_check")),
        sa.CheckConstraint(
            "status in ('pending', 'in_progress', 'completed', 'cancelled', 'archived')",
            name=op.f("tasks_status_check"),
        ),
        sa.CheckConstraint("due_at is null or due_date is null", name=op.f("tasks_one_due_check")),
        sa.ForeignKeyConstraint(
            ["user_id", "category_id"],
            ["categories.user_id", "categories.id"],
            name=op.f("tasks_user_id_category_id_fkey"),
            ondelete="no action",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "goal_id"],
            ["goals.user_id", "goals.id"],
            name=op.f("tasks_user_id_goal_id_fkey"),
            ondelete="no action",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "parent_task_id"],
            ["tasks.user_id", "tasks.id"],
            name=op.f("tasks_user_id_parent_task_id_fkey"),
            ondelete="no action",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("tasks_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("tasks_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("tasks_user_id_id_key")),
    )
    op.create_index(
        "tasks_list_idx",
        "tasks",
        ["user_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        "tasks_open_idx",
        "tasks",
        ["user_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at is null and status in ('pending', 'in_progress')"),
    )
    op.create_index(op.f("tasks_user_id_goal_id_idx"), "tasks", ["user_id", "goal_id"], unique=False)
    op.create_index(op.f("tasks_user_id_parent_task_id_idx"), "tasks", ["user_id", "parent_task_id"], unique=False)
    op.create_table(
        "time_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), server_default=sa.text("'focus'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('focus', 'pomodoro', 'manual')", name=op.f("time_entries_kind_check")),
        sa.CheckConstraint("ended_at > started_at", name=op.f("time_entries_order_check")),
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name=op.f("time_entries_user_id_task_id_fkey"),
            ondelete="no action",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("time_entries_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("time_entries_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("time_entries_user_id_id_key")),
    )
    op.create_index(
        "time_entries_one_running_key",
        "time_entries",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        op.f("time_entries_user_id_started_at_idx"), "time_entries", ["user_id", "started_at"], unique=False
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0001_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("drop procedure partition_outbox(text, text, text)")
    op.drop_index(op.f("time_entries_user_id_started_at_idx"), table_name="time_entries")
    op.drop_index(
        "time_entries_one_running_key", table_name="time_entries", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_table("time_entries")
    op.drop_index(op.f("tasks_user_id_parent_task_id_idx"), table_name="tasks")
    op.drop_index(op.f("tasks_user_id_goal_id_idx"), table_name="tasks")
    op.drop_index(
        "tasks_open_idx",
        table_name="tasks",
        postgresql_where=sa.text("deleted_at is null and status in ('pending', 'in_progress')"),
    )
    op.drop_index("tasks_list_idx", table_name="tasks", postgresql_where=sa.text("deleted_at is null"))
    op.drop_table("tasks")
    op.drop_index(op.f("milestones_user_id_goal_id_idx"), table_name="milestones")
    op.drop_table("milestones")
    op.drop_table("habit_logs")
    op.drop_table("goals")
    op.drop_index(op.f("refresh_tokens_user_id_idx"), table_name="refresh_tokens")
    op.drop_index(op.f("refresh_tokens_family_idx"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("priority_scores")
    op.drop_index(op.f("idempotency_keys_created_at_idx"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("habits")
    op.drop_table("days_off")
    op.drop_index("categories_user_id_name_key", table_name="categories")
    op.drop_table("categories")
    op.drop_index(op.f("calendar_events_user_id_start_at_idx"), table_name="calendar_events")
    op.drop_table("calendar_events")
    op.drop_index("users_email_key", table_name="users")
    op.drop_table("users")
    op.drop_table("outbox_head")
    op.drop_index("outbox_unsequenced_idx", table_name="outbox", postgresql_where=sa.text("log_offset is null"))
    op.drop_index("outbox_position_idx", table_name="outbox", postgresql_where=sa.text("log_offset is not null"))
    op.drop_table("outbox")
    op.execute("drop function current_user_id()")

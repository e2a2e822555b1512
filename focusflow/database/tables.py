"""The Postgres schema. Migrations are compared with it; what an event says of these rows is in `focusflow.contracts`."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

Instant = DateTime(timezone=True)


def one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=column)


def required(name: str, type_: Any, default: str | None = None) -> Column[Any]:
    return Column(name, type_, nullable=False, server_default=text(default) if default is not None else None)


def owned(name: str, *rest: Any) -> Table:
    """A table of entities: each row belongs to a user, has a version, and can be pointed to only by rows of that user."""
    return Table(
        name,
        metadata,
        Column("id", Uuid, primary_key=True),
        required("user_id", Uuid),
        required("created_at", Instant),
        required("updated_at", Instant),
        required("version", Integer, "1"),
        *rest,
        UniqueConstraint("user_id", "id"),
        ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
    )


def points_to(table: str, column: str, *, on_delete: str = "no action") -> ForeignKeyConstraint:
    """A reference to another row of the same user; a foreign key on the id alone would let one user point at another's row."""
    return ForeignKeyConstraint(
        ["user_id", column], [f"{table}.user_id", f"{table}.id"], ondelete=on_delete, deferrable=True
    )


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("created_at", Instant),
    required("updated_at", Instant),
    required("version", Integer, "1"),
    required("email", Text),
    required("password_hash", Text),
    required("display_name", Text),
    required("timezone", Text),
    required("locale", Text, "'en'"),
    required("week_start", SmallInteger, "0"),
    required("role", Text, "'user'"),
    Column("daily_focus_goal_minutes", Integer),
    required("is_active", Boolean, "true"),
    required("token_epoch", Integer, "0"),
    Column("email_verified_at", Instant),
    Column("last_login_at", Instant),
    Column("erased_at", Instant),
    one_of("role", "user", "analyst", "admin"),
    Index("users_email_key", text("lower(email)"), unique=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("family", Uuid),
    required("token_hash", String(64)),
    required("created_at", Instant),
    required("expires_at", Instant),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    Column("replaced_by", Uuid),
    Column(
        "seen_at", Instant
    ),  # of a session's secret: when its user last did something; it is never exchanged for another
    Column("confirmed_at", Instant),  # when its user last proved again who they are
    Column("provider_session", Text),  # of one that began at the provider: its id there, empty where it has none
    Column("device", Text),
    Column("ip", Text),
    Column("user_agent", Text),
    UniqueConstraint("token_hash"),
    Index(None, "family"),
    Index(None, "user_id"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("key", String(200), primary_key=True),
    required("request_hash", String(64)),
    Column("status", SmallInteger),
    Column("response", Text),
    required("created_at", Instant),
    Index(None, "created_at"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

categories = owned(
    "categories",
    required("name", Text),
    Column("color", Text),
    Column("icon", Text),
    Index("categories_user_id_name_key", "user_id", text("lower(name)"), unique=True),
)

goals = owned(
    "goals",
    required("title", Text),
    Column("description", Text),
    Column("category_id", Uuid),
    required("horizon", Text, "'goal'"),
    Column("start_date", Date),
    Column("target_date", Date),
    required("measurement", Text, "'percent'"),
    Column("target_value", Double),
    Column("unit", Text),
    required("current_value", Double, "0"),
    required("progress", Double, "0"),
    required("status", Text, "'active'"),
    Column("weekly_minutes", Integer),
    Column("completed_at", Instant),
    Column("deleted_at", Instant),
    one_of("horizon", "goal", "vision"),
    one_of("measurement", "percent", "number", "milestones"),
    one_of("status", "active", "completed", "paused", "cancelled"),
    CheckConstraint("progress between 0 and 100", name="progress"),
    points_to("categories", "category_id"),
)

milestones = owned(
    "milestones",
    required("goal_id", Uuid),
    required("title", Text),
    required("order_index", Integer, "0"),
    Column("target_date", Date),
    required("status", Text, "'pending'"),
    Column("completed_at", Instant),
    one_of("status", "pending", "completed", "skipped"),
    points_to("goals", "goal_id", on_delete="cascade"),
    Index(None, "user_id", "goal_id"),
)

#: The words of a task. Kept beside it, for under row-level security no index on an expression would be used.
SEARCHED = "to_tsvector('simple', title || ' ' || coalesce(description, '') || ' ' || coalesce(notes, ''))"

tasks = owned(
    "tasks",
    required("title", Text),
    Column("description", Text),
    Column("notes", Text),
    required("priority", Text, "'medium'"),
    required("status", Text, "'pending'"),
    Column("category_id", Uuid),
    required("tags", ARRAY(Text), "'{}'"),
    Column("due_at", Instant),
    Column("due_date", Date),
    Column("start_at", Instant),
    Column("estimated_minutes", Integer),
    Column("actual_minutes", Integer),
    Column("completed_at", Instant),
    Column("parent_task_id", Uuid),
    Column("goal_id", Uuid),
    Column("recurrence", Text),
    required("blocked_by", ARRAY(Uuid), "'{}'"),
    required("pinned", Boolean, "false"),
    required("ai_generated", Boolean, "false"),
    Column("deleted_at", Instant),
    Column("search", TSVECTOR, Computed(SEARCHED, persisted=True)),
    one_of("priority", "low", "medium", "high", "urgent"),
    one_of("status", "pending", "in_progress", "completed", "cancelled", "archived"),
    CheckConstraint("due_at is null or due_date is null", name="one_due"),
    points_to("categories", "category_id"),
    points_to("tasks", "parent_task_id"),
    points_to("goals", "goal_id"),
    Index("tasks_list_idx", "user_id", "created_at", "id", postgresql_where=text("deleted_at is null")),
    Index(
        "tasks_open_idx",
        "user_id",
        "due_at",
        postgresql_where=text("deleted_at is null and status in ('pending', 'in_progress')"),
    ),
    Index(None, "user_id", "parent_task_id"),
    Index(None, "user_id", "goal_id"),
    Index("tasks_waiting_idx", "user_id", postgresql_where=text("blocked_by <> '{}'")),
)

habits = owned(
    "habits",
    required("title", Text),
    required("frequency", Text, "'daily'"),
    required("weekdays", ARRAY(SmallInteger), "'{}'"),
    Column("times_per_week", SmallInteger),
    required("start_date", Date),
    Column("end_date", Date),
    Column("reminder_time", Time),
    Column("archived_at", Instant),
    one_of("frequency", "daily", "weekdays", "weekly"),
)

habit_logs = owned(
    "habit_logs",
    required("habit_id", Uuid),
    required("local_date", Date),
    required("value", Double, "1"),
    Column("mood", SmallInteger),
    Column("notes", Text),
    required("skipped", Boolean, "false"),
    Column("skip_reason", Text),
    UniqueConstraint("user_id", "habit_id", "local_date"),
    points_to("habits", "habit_id", on_delete="cascade"),
)

time_entries = owned(
    "time_entries",
    Column("task_id", Uuid),
    required("kind", Text, "'focus'"),
    required("started_at", Instant),
    Column("ended_at", Instant),
    Column("note", Text),
    one_of("kind", "focus", "pomodoro", "manual"),
    CheckConstraint("ended_at > started_at", name="order"),
    points_to("tasks", "task_id"),
    Index(None, "user_id", "started_at"),
    Index("time_entries_one_running_key", "user_id", unique=True, postgresql_where=text("ended_at is null")),
)

calendar_events = owned(
    "calendar_events",
    required("title", Text),
    required("start_at", Instant),
    required("end_at", Instant),
    required("all_day", Boolean, "false"),
    required("busy", Boolean, "true"),
    Column("location", Text),
    required("attendees", ARRAY(Text), "'{}'"),
    Column("rrule", Text),
    required("extra_rrules", ARRAY(Text), "'{}'"),
    required("rdates", ARRAY(Instant), "'{}'"),
    required("exdates", ARRAY(Instant), "'{}'"),
    required("source", Text, "'manual'"),
    Column("external_id", Text),
    Column("calendar_id", Text),
    one_of("source", "manual", "ics", "caldav", "google", "outlook"),
    CheckConstraint("end_at >= start_at", name="order"),
    UniqueConstraint("user_id", "calendar_id", "external_id"),
    Index(None, "user_id", "start_at"),
)

days_off = owned(
    "days_off",
    required("first_date", Date),
    required("last_date", Date),
    required("reason", Text, "'vacation'"),
    one_of("reason", "holiday", "vacation", "sick"),
    CheckConstraint("last_date >= first_date", name="order"),
)

#: All rows lie in one partition, `priority_scores_a` or `_b`: a batch is written to the other one, which then takes its place. Without a key
#: to users, of whom no row ever goes; who is erased is left out as a batch takes over.
priority_scores = Table(
    "priority_scores",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("task_id", Uuid, primary_key=True),
    required("score", Double),
    required("rank", Integer),
    required("reasons", Text),
    Column("deadline_risk", Double),
    Column("importance", Double),
    Column("likelihood", Double),
    Column("due_rank", Integer),
    Column("urgency_rank", Integer),
    required("is_baseline", Boolean, "true"),
    required("task_version", Integer, "0"),
    required("model_version", Text),
    required("as_of", Instant),
    CheckConstraint("score between 0 and 100", name="score"),  # NaN sorts above every number, so it is refused too
    postgresql_partition_by="RANGE (user_id)",
)

#: Which scores somebody saw on which of their days, as they were when first seen: what one compares with what then was done.
shown_scores = Table(
    "shown_scores",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("task_id", Uuid, primary_key=True),
    required("rank", Integer),
    required("score", Double),
    required("model_version", Text),
    required("shown_at", Instant),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: What the pipeline made of a user's days, as rows of JSON: the API passes them on as they are.
#: `day` is the first day that a row speaks of; `key` tells apart what shares it (a task, a category, an hour).
published_rows = Table(
    "published_rows",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("table_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("key", Text, primary_key=True, server_default=text("''")),
    required("row", JSONB),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: The same of all users together, for analysts and admins.
published_product = Table(
    "published_product",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("key", Text, primary_key=True, server_default=text("''")),
    required("row", JSONB),
)

#: Which state of a table stands in the two above; written in the transaction that writes its rows.
publications = Table(
    "publications",
    metadata,
    Column("table_name", Text, primary_key=True),
    required("lake_version", BigInteger),
    required("events", BigInteger),
    required("as_of", Instant),
    required("published_at", Instant),
)

goal_progress = Table(
    "goal_progress",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("goal_id", Uuid),
    required("recorded_at", Instant),
    required("value", Double),
    required("progress", Double),
    CheckConstraint("progress between 0 and 100", name="progress"),
    points_to("goals", "goal_id", on_delete="cascade"),
    Index(None, "user_id", "goal_id", "recorded_at"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

notifications = owned(
    "notifications",
    required("type", Text),
    required("title", Text),
    Column("body", Text),
    required("data", JSONB, "'{}'"),
    required("channels", ARRAY(Text), "'{in_app}'"),
    required("scheduled_at", Instant),
    Column("sent_at", Instant),
    Column("read_at", Instant),
    required("status", Text, "'scheduled'"),
    required("attempts", Integer, "0"),
    Column("next_attempt_at", Instant),
    Column("due_at", Instant, Computed("greatest(scheduled_at, next_attempt_at)", persisted=True)),
    CheckConstraint("type ~ '^[a-z][a-z0-9_]{0,39}$'", name="type"),
    one_of("status", "scheduled", "sent", "failed", "cancelled"),
    Index(None, "user_id", "scheduled_at"),
    Index("notifications_due_idx", "user_id", "type", "due_at", "id", postgresql_where=text("status = 'scheduled'")),
)

#: When and how a user wants to hear of things; who never chose has no row and gets the defaults.
preferences = Table(
    "preferences",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    required("updated_at", Instant),
    required("version", Integer, "1"),
    Column("quiet_from", Time),
    Column("quiet_until", Time),
    required("weekly_report", Boolean, "true"),
    required("weekly_report_day", SmallInteger, "0"),
    required("weekly_report_hour", SmallInteger, "8"),
    required("monthly_report", Boolean, "true"),
    required("empty_week", Text, "'line'"),
    required("calm_mode", Boolean, "false"),
    required("work_from", Time, "'09:00'"),
    required("work_until", Time, "'17:00'"),
    CheckConstraint("work_from < work_until", name="working_hours"),
    CheckConstraint("weekly_report_day between 0 and 6", name="weekly_report_day"),
    CheckConstraint("weekly_report_hour between 0 and 23", name="weekly_report_hour"),
    one_of("empty_week", "line", "nothing"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

notification_preferences = Table(
    "notification_preferences",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("type", Text, primary_key=True),
    required("is_enabled", Boolean, "true"),
    required("channels", ARRAY(Text), "'{in_app}'"),
    CheckConstraint("type ~ '^[a-z][a-z0-9_]{0,39}$'", name="type"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("created_at", Instant),
    required("name", Text),
    required("prefix", Text),
    required("key_hash", String(64)),
    required("scopes", ARRAY(Text)),
    Column("last_used_at", Instant),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    UniqueConstraint("key_hash"),
    Index(None, "user_id"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: The secrets behind links in mails: proof of an address, or a new password. Each is good once. One that confirms an address carries the
#: password and the profile of the registration for which it was sent.
mail_tokens = Table(
    "mail_tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("purpose", Text),
    required("token_hash", String(64)),
    required("created_at", Instant),
    required("expires_at", Instant),
    Column("used_at", Instant),
    Column("password_hash", Text),
    Column("profile", JSONB),
    one_of("purpose", "verify_email", "reset_password", "confirm_new_email", "confirm_old_email"),
    UniqueConstraint("token_hash"),
    Index(None, "user_id"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: What an account asks for beside the password. The secret is encrypted, recovery codes are hashed.
second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    required("created_at", Instant),
    Column("confirmed_at", Instant),
    required("secret", LargeBinary),
    required("last_step", BigInteger, "0"),
    required("recovery_hashes", ARRAY(Text), "'{}'"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: A user at an OpenID Connect provider, and the account that is theirs here. The address may change on either side; this does not.
identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    required("user_id", Uuid),
    required("created_at", Instant),
    Index(None, "user_id"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: Sign-ins that have been sent to the provider and are not back yet. Each is good once.
pending_sign_ins = Table(
    "pending_sign_ins",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    required("state", Text),
    required("nonce", Text),
    required("code_verifier", Text),
    required("expires_at", Instant),
    Column("authenticated_after", Instant),
)

#: Messages of the provider that a session has ended there. Each counts once.
provider_sign_outs = Table(
    "provider_sign_outs",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    required("expires_at", Instant),
)

#: How often something was tried, counted for all processes of the API. Losing it in a crash of Postgres costs nothing.
attempts = Table(
    "attempts",
    metadata,
    Column("key", String(64), primary_key=True),
    required("attempts", Integer),
    required("last_at", Instant),
    Index(None, "last_at"),
    prefixes=["unlogged"],
)

#: Who did what to whom. Rows are only ever added; a user's own go with the account.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("at", Instant),
    Column("actor_id", Uuid),
    Column("user_id", Uuid),
    required("action", Text),
    Column("entity", Text),
    Column("entity_id", Uuid),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("ip", Text),
    Column("user_agent", Text),
    Column("number", BigInteger),  # these are empty until the entry is sealed
    Column("salt", Text),
    Column("digest", Text),
    Column("link", Text),
    Index(None, "at"),
    Index(None, "user_id", "at"),
    Index("audit_log_number_key", "number", unique=True),
    Index("audit_log_new_idx", "at", postgresql_where=text("number is null")),
)

#: What became of each report that somebody was due. That there is one row per user and period is what keeps a second mail from going out.
report_deliveries = owned(
    "report_deliveries",
    required("kind", Text),
    required("period", Text),
    required("first_day", Date),
    required("last_day", Date),
    required("status", Text, "'due'"),
    required("attempts", Integer, "0"),
    required("next_attempt_at", Instant),
    Column("claimed_until", Instant),
    required("message_id", Text),
    Column("reason", Text),
    Column("sent_at", Instant),
    Column("content", JSONB),
    one_of("kind", "weekly", "monthly"),
    one_of("status", "due", "sending", "sent", "failed", "unknown", "skipped"),
    UniqueConstraint("user_id", "kind", "period"),
    Index("report_deliveries_waiting_idx", "next_attempt_at", postgresql_where=text("status in ('due', 'sending')")),
    Index(None, "message_id"),
)

#: What somebody reached, and when that was seen.
earned_achievements = Table(
    "earned_achievements",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("achievement", Text, primary_key=True),
    required("earned_at", Instant),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: Which dates of tasks and goals somebody was reminded of without having asked, and on which of their days.
told_reminders = Table(
    "told_reminders",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("entity_id", Uuid, primary_key=True),
    Column("why", Text, primary_key=True),
    Column("for_date", Date, primary_key=True),
    required("type", Text),
    required("told_on", Date),
    one_of("why", "near", "behind"),
    one_of("type", "task_reminder", "goal_reminder"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: What could not be done for a user and has no row of its own yet: how often it was tried, and when it is tried again, if it is.
failed_attempts = Table(
    "failed_attempts",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("work", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    required("attempts", Integer),
    required("failed_at", Instant),
    Column("next_attempt_at", Instant),
    required("reason", Text),
    one_of("work", "report", "plan", "reminder", "achievement"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: While the mail server takes no mail of anybody's: since when, and when one mail is tried again. At most one row.
mail_outage = Table(
    "mail_outage",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    required("began_at", Instant),
    required("attempts", Integer),
    required("next_attempt_at", Instant),
    required("reason", Text),
    CheckConstraint("id = 1", name="one_row"),
)

#: The address of an account from which a mail came back for good. It holds as long as the account has that address.
bounces = Table(
    "bounces",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    required("email", Text),
    required("bounced_at", Instant),
    required("reason", Text),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: What a writer was asked and answered: the cache, and the account of what it cost.
ai_messages = Table(
    "ai_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("created_at", Instant),
    required("kind", Text),
    required("request_hash", String(64)),
    required("prompt_version", Text),
    required("model", Text),
    required("status", Text),
    required("tokens_in", Integer, "0"),
    required("tokens_out", Integer, "0"),
    required("cost", Double, "0"),
    required("latency_ms", Integer, "0"),
    Column("reason", Text),
    Column("output", JSONB),
    one_of("status", "written", "rejected", "failed"),
    Index(None, "user_id", "request_hash"),
    Index(None, "created_at"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: What users import: one row a file. The findings are what was skipped or changed, the first thousand of them. An upload waits until its
#: preview, import or undo is claimed (`claimed_at`), and again if the process that claimed it has not reported for a while.
imports = owned(
    "imports",
    Column("format", Text),
    required("file_name", Text),
    required("file_hash", String(64)),
    required("status", Text),
    required("counts", JSONB, "'{}'"),
    required("findings", JSONB, "'[]'"),
    required("findings_count", Integer, "0"),
    Column("undone_at", Instant),
    Column("columns", JSONB),
    Column("problem", Text),
    Column("queued_at", Instant),
    Column("claimed_at", Instant),
    required("attempts", Integer, "0"),
    required("progress_done", Integer, "0"),
    required("progress_total", Integer, "0"),
    one_of("status", "previewing", "ready", "importing", "done", "undoing", "undone", "failed"),
    Index(
        "imports_waiting_idx", "queued_at", postgresql_where=text("status in ('previewing', 'importing', 'undoing')")
    ),
)

#: The uploads of imports that are not done yet, in pieces that a statement writes quickly.
import_files = Table(
    "import_files",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("part", Integer, primary_key=True),
    required("user_id", Uuid),
    required("content", LargeBinary),
    points_to("imports", "import_id", on_delete="cascade"),
    Index(None, "user_id", "import_id"),
)

#: The secret address of a user's calendar feed, as a hash.
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    required("token_hash", String(64)),
    required("created_at", Instant),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: Where a user wants to be told of events. The secrets sign what is sent, and are encrypted; the old one is valid for a while after a rotation.
#: `failures` are those in a row; until `paused_until` nothing is sent after one.
webhook_endpoints = owned(
    "webhook_endpoints",
    required("url", Text),
    required("description", Text, "''"),
    required("event_types", ARRAY(Text)),
    required("has_text", Boolean, "false"),
    required("status", Text, "'active'"),
    required("secret", LargeBinary),
    Column("old_secret", LargeBinary),
    Column("old_secret_until", Instant),
    required("failures", Integer, "0"),
    Column("failing_since", Instant),
    Column("paused_until", Instant),
    Column("problem", Text),
    one_of("status", "active", "paused", "disabled"),
)

#: What is to be sent to an endpoint and what became of it. The data goes once it is delivered.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("endpoint_id", Uuid),
    required("event_id", Uuid),
    required("type", Text),
    required("created_at", Instant),
    required("happened_at", Instant),
    Column("data", JSONB),
    required("status", Text, "'waiting'"),
    required("attempts", Integer, "0"),
    required("next_attempt_at", Instant),
    Column("delivered_at", Instant),
    Column("response_status", SmallInteger),
    Column("problem", Text),
    UniqueConstraint("endpoint_id", "event_id"),
    one_of("status", "waiting", "delivered", "dead"),
    points_to("webhook_endpoints", "endpoint_id", on_delete="cascade"),
    Index(
        "webhook_deliveries_waiting_idx",
        "endpoint_id",
        "next_attempt_at",
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(None, "user_id", "endpoint_id", "created_at"),
)

#: Where a user gets notifications of some kinds, beside email and app: an address of Apprise, encrypted, because it holds tokens.
notification_channels = owned(
    "notification_channels",
    required("name", Text),
    required("service", Text),
    required("secret", LargeBinary),
    required("masked_address", Text),
    required("kinds", ARRAY(Text)),
    required("status", Text, "'active'"),
    required("failures", Integer, "0"),
    Column("failing_since", Instant),
    Column("paused_until", Instant),
    Column("problem", Text),
    one_of("status", "active", "paused", "disabled"),
)

#: What is to be sent to a channel and what became of it. The text goes once it is delivered or given up.
channel_deliveries = Table(
    "channel_deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("channel_id", Uuid),
    required("subject_id", Uuid),
    required("kind", Text),
    required("created_at", Instant),
    Column("title", Text),
    Column("body", Text),
    required("status", Text, "'waiting'"),
    required("attempts", Integer, "0"),
    required("next_attempt_at", Instant),
    required("useful_until", Instant),
    Column("delivered_at", Instant),
    Column("problem", Text),
    UniqueConstraint("channel_id", "subject_id"),
    one_of("status", "waiting", "delivered", "dead"),
    points_to("notification_channels", "channel_id", on_delete="cascade"),
    Index(
        "channel_deliveries_waiting_idx",
        "channel_id",
        "next_attempt_at",
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(None, "user_id", "channel_id", "created_at"),
)

#: Secret addresses at which other programs leave tasks and appointments, as hashes, and what of a body becomes which field.
incoming_hooks = owned(
    "incoming_hooks",
    required("name", Text),
    required("token_hash", String(64)),
    required("target", Text),
    required("mapping", JSONB),
    Column("last_used_at", Instant),
    Column("problem", Text),
    UniqueConstraint("token_hash"),
    one_of("target", "task", "event"),
)

#: What a program left at a hook, by the hash of its own id: the same is taken once.
incoming_items = Table(
    "incoming_items",
    metadata,
    Column("hook_id", Uuid, primary_key=True),
    Column("source_key", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("entity_id", Uuid),
    points_to("incoming_hooks", "hook_id", on_delete="cascade"),
    Index(None, "user_id", "hook_id"),
)

#: The key of a workspace from which the pseudonyms of its app's users are made. It never changes, and goes with the account.
app_user_keys = Table(
    "app_user_keys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    required("secret", LargeBinary),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: Up to where the log of each bucket has been read for webhooks.
webhook_positions = Table(
    "webhook_positions",
    metadata,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    required("next", BigInteger),
)

#: Calendars elsewhere with which those of users are kept in step. The credentials are encrypted; `state` is what the next synchronization
#: goes on from: ETags, and the sync token of each calendar.
calendar_connections = owned(
    "calendar_connections",
    required("kind", Text),
    required("name", Text),
    required("host", Text),
    required("address_hash", String(64)),
    required("credentials", LargeBinary),
    required("state", JSONB, "'{}'"),
    required("calendars", JSONB, "'[]'"),
    Column("selected", ARRAY(Text)),
    Column("own_calendar", Text),
    Column("plan_calendar", Text),
    required("is_paused", Boolean, "false"),
    required("next_sync_at", Instant),
    Column("claimed_at", Instant),
    required("failures", Integer, "0"),
    required("duration_ms", Integer, "0"),
    Column("last_attempt_at", Instant),
    Column("last_synced_at", Instant),
    Column("problem", Text),
    required("counts", JSONB, "'{}'"),
    required("findings", JSONB, "'[]'"),
    required("findings_count", Integer, "0"),
    Column("deleted_at", Instant),
    one_of("kind", "ics", "caldav", "google", "outlook"),
    Index(
        "calendar_connections_address_key",
        "user_id",
        "address_hash",
        unique=True,
        postgresql_where=text("deleted_at is null"),
    ),
    Index("calendar_connections_due_idx", "next_sync_at"),
)

#: The resources of a server of calendars as both sides last agreed on them: what a change on either side is compared with. `entries` says which
#: appointment each occurrence became, with the version and the fields that it then had.
calendar_objects = Table(
    "calendar_objects",
    metadata,
    Column("connection_id", Uuid, primary_key=True),
    Column("href", Text, primary_key=True),
    required("user_id", Uuid),
    required("calendar", Text),
    required("etag", Text),
    required("content", Text),
    required("entries", JSONB),
    points_to("calendar_connections", "connection_id", on_delete="cascade"),
    Index(None, "user_id", "connection_id"),
)

#: Versions of appointments that lost against a later change on the other side.
calendar_conflicts = Table(
    "calendar_conflicts",
    metadata,
    Column("id", Uuid, primary_key=True),
    required("user_id", Uuid),
    required("connection_id", Uuid),
    required("at", Instant),
    Column("event_id", Uuid),
    required("title", Text),
    required("winner", Text),
    required("lost", JSONB),
    one_of("winner", "here", "there"),
    points_to("calendar_connections", "connection_id", on_delete="cascade"),
    Index(None, "user_id", "connection_id", "at"),
)

#: Which entity a record of a source became. `source_key` is the hash of its noun and its id there; so nothing is imported twice.
import_items = Table(
    "import_items",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("source_key", Uuid, primary_key=True),
    required("import_id", Uuid),
    required("noun", Text),
    required("entity_id", Uuid),
    points_to("imports", "import_id", on_delete="cascade"),
    Index(None, "user_id", "import_id"),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: Exports that users asked for: one row a request. The file is `exports/<id>.zip` under the home until it expires.
exports = owned(
    "exports",
    required("status", Text, "'requested'"),
    required("attempts", Integer, "0"),
    Column("finished_at", Instant),
    Column("expires_at", Instant),
    Column("bytes", BigInteger),
    one_of("status", "requested", "ready", "failed", "expired"),
    Index("exports_requested_idx", "created_at", postgresql_where=text("status = 'requested'")),
)

#: Erasures of users. `user_id` is empty once one is done; the hash stays, so that nothing brings the user back. It refers to no row of users:
#: that goes before the erasure is done.
erasures = Table(
    "erasures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    required("user_hash", String(64)),
    required("created_at", Instant),
    required("due_at", Instant),
    required("status", Text, "'waiting'"),
    required("step", SmallInteger, "0"),
    required("counts", JSONB, "'{}'"),
    Column("purge_at", Instant),
    Column("finished_at", Instant),
    Column("certificate", JSONB),
    one_of("status", "waiting", "cancelled", "running", "purging", "done"),
    Index("erasures_open_key", "user_hash", unique=True, postgresql_where=text("status <> 'cancelled'")),
)

#: Events on their way to the lake. A day is a partition, so that what has landed leaves by dropping a table, not by deleting rows.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recorded_on", Date, primary_key=True, server_default=text("(clock_timestamp() at time zone 'UTC')::date")),
    required("event_id", Uuid),
    required("user_id", Uuid),
    required("bucket", SmallInteger),
    required("value", Text),
    Column("log_offset", BigInteger),
    Index("outbox_unsequenced_idx", "id", postgresql_where=text("log_offset is null")),
    Index(
        "outbox_position_idx",
        "bucket",
        "log_offset",
        "recorded_on",
        unique=True,
        postgresql_where=text("log_offset is not null"),
    ),
    postgresql_partition_by="RANGE (recorded_on)",
)

#: The next `log_offset` of each bucket. As many rows as there are buckets: this is where their number is kept.
outbox_head = Table(
    "outbox_head",
    metadata,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    required("next", BigInteger, "0"),
)

#: Up to where the relay has published each bucket, acknowledged by the broker.
relay_position = Table(
    "relay_position",
    metadata,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    required("next", BigInteger),
)

#: The key by which tags are hashed that leave raw: one row.
tag_key = Table(
    "tag_key",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    required("key", Text),
    CheckConstraint("id = 1", name="id"),
)

#: How the resident refresher fares: one row. `failures` are those in a row.
refresher_state = Table(
    "refresher_state",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("refreshed_at", Instant),
    Column("seconds", Double),
    required("refreshes", BigInteger, "0"),
    required("conflicts", BigInteger, "0"),
    required("failures", Integer, "0"),
    Column("failed_at", Instant),
    Column("error", Text),
)

#: What the resident refresher built of each table since that was reported to Dagster, and how often each rule is broken.
table_builds = Table(
    "table_builds",
    metadata,
    Column("table_name", Text, primary_key=True),
    required("lake_version", BigInteger),
    required("built_at", Instant),
    required("builds", BigInteger),
    required("rows_written", BigInteger),
    required("seconds", Double),
    Column("broken_rules", JSONB),
)

#: Which topic is meant for what: one that was deleted and rebuilt has the same name and another identity.
kafka_topics = Table(
    "kafka_topics",
    metadata,
    Column("purpose", Text, primary_key=True),
    required("name", Text),
    required("cluster_id", Text),
    required("topic_id", Text),
)

#: Up to where each partition of the inbox has been read; moved in the transaction that writes the events.
inbox_position = Table(
    "inbox_position",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    required("next", BigInteger),
)

#: What came in from the inbox, so that the same event is not taken twice.
inbox_events = Table(
    "inbox_events",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    required("received_at", Instant),
    ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="cascade"),
)

#: What the inbox could not take, with the reason and the bytes; the deadletter topic repeats it.
inbox_refused = Table(
    "inbox_refused",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("kafka_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("received_at", Instant, primary_key=True),  # a topic that is rebuilt counts from 0 again
    required("reason", Text),
    required("value", LargeBinary),
    required("is_published", Boolean, "false"),
    required("attempts", Integer, "0"),
    required("next_attempt_at", Instant),
    Index("inbox_refused_unpublished_idx", "partition", "next_attempt_at", postgresql_where=text("not is_published")),
)

#: Tables in which a user sees only their own rows.
OWNED = tuple(sorted(table.name for table in metadata.tables.values() if "user_id" in table.columns))

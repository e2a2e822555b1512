"""Calendars elsewhere with which those of users are kept in step."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "calendar_connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column("state", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("calendars", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("selected", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("own_calendar", sa.Text(), nullable=True),
        sa.Column("plan_calendar", sa.Text(), nullable=True),
        sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("next_sync_at", INSTANT, nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("duration_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_attempt_at", INSTANT, nullable=True),
        sa.Column("last_synced_at", INSTANT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("findings_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind in ('ics', 'caldav')", name=op.f("calendar_connections_kind_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("calendar_connections_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("calendar_connections_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("calendar_connections_user_id_id_key")),
    )
    op.create_index(
        "calendar_connections_address_key",
        "calendar_connections",
        ["user_id", "address_hash"],
        unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index("calendar_connections_due_idx", "calendar_connections", ["next_sync_at"])
    op.create_table(
        "calendar_objects",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("href", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("entries", postgresql.JSONB(), nullable=False),
        _connection("calendar_objects"),
        sa.PrimaryKeyConstraint("connection_id", "href", name=op.f("calendar_objects_pkey")),
    )
    op.create_index(
        op.f("calendar_objects_user_id_connection_id_idx"), "calendar_objects", ["user_id", "connection_id"]
    )
    op.create_table(
        "calendar_conflicts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("winner", sa.Text(), nullable=False),
        sa.Column("lost", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("winner in ('here', 'there')", name=op.f("calendar_conflicts_winner_check")),
        _connection("calendar_conflicts"),
        sa.PrimaryKeyConstraint("id", name=op.f("calendar_conflicts_pkey")),
    )
    op.create_index(
        op.f("calendar_conflicts_user_id_connection_id_at_idx"),
        "calendar_conflicts",
        ["user_id", "connection_id", "at"],
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0031_access.sql").read_text(encoding="utf-8"))


def _connection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", "connection_id"],
        ["calendar_connections.user_id", "calendar_connections.id"],
        name=op.f(f"{table}_user_id_connection_id_fkey"),
        ondelete="cascade",
        deferrable=True,
    )


def downgrade() -> None:
    op.drop_table("calendar_conflicts")
    op.drop_table("calendar_objects")
    op.drop_table("calendar_connections")

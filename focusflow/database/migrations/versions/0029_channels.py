"""Channels for notifications, and what is sent to them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notification_channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("masked_address", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status in ('active', 'paused', 'disabled')", name=op.f("notification_channels_status_check")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("notification_channels_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("notification_channels_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("notification_channels_user_id_id_key")),
    )
    op.create_table(
        "channel_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("useful_until", INSTANT, nullable=False),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("status in ('waiting', 'delivered', 'dead')", name=op.f("channel_deliveries_status_check")),
        sa.ForeignKeyConstraint(
            ["user_id", "channel_id"],
            ["notification_channels.user_id", "notification_channels.id"],
            name=op.f("channel_deliveries_user_id_channel_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("channel_deliveries_pkey")),
        sa.UniqueConstraint("channel_id", "subject_id", name=op.f("channel_deliveries_channel_id_subject_id_key")),
    )
    op.create_index(
        "channel_deliveries_waiting_idx",
        "channel_deliveries",
        ["channel_id", "next_attempt_at"],
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        op.f("channel_deliveries_user_id_channel_id_created_at_idx"),
        "channel_deliveries",
        ["user_id", "channel_id", "created_at"],
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0029_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for table in ("channel_deliveries", "notification_channels"):
        op.drop_table(table)

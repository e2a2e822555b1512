"""Attempts and back-off for everything that is sent or told, with indexes that keep one user's long queue cheap."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
DUE = "greatest(scheduled_at, next_attempt_at)"
SCHEDULED = sa.text("status = 'scheduled'")
UNPUBLISHED = sa.text("not is_published")


def upgrade() -> None:
    op.add_column("notifications", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("notifications", sa.Column("next_attempt_at", INSTANT, nullable=True))
    op.execute(
        "update notifications set next_attempt_at = (data->>'again_at')::timestamptz, data = data - 'again_at'"
        " where status = 'scheduled' and data ? 'again_at'"
    )
    op.add_column("notifications", sa.Column("due_at", INSTANT, sa.Computed(DUE, persisted=True), nullable=True))
    op.create_index(
        "notifications_due_idx", "notifications", ["user_id", "type", "due_at", "id"], postgresql_where=SCHEDULED
    )

    op.add_column("inbox_refused", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("inbox_refused", sa.Column("next_attempt_at", INSTANT, nullable=True))
    op.execute("update inbox_refused set next_attempt_at = received_at")
    op.alter_column("inbox_refused", "next_attempt_at", nullable=False)
    op.drop_index("inbox_refused_unpublished_idx", table_name="inbox_refused")
    op.create_index(
        "inbox_refused_unpublished_idx", "inbox_refused", ["partition", "next_attempt_at"], postgresql_where=UNPUBLISHED
    )

    op.create_table(
        "failed_attempts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", INSTANT, nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "work in ('report', 'plan', 'reminder', 'achievement')", name=op.f("failed_attempts_work_check")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("failed_attempts_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "work", "item", name=op.f("failed_attempts_pkey")),
    )
    op.create_table(
        "mail_outage",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("mail_outage_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("mail_outage_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0012_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("mail_outage")
    op.drop_table("failed_attempts")
    op.drop_index("inbox_refused_unpublished_idx", table_name="inbox_refused")
    op.create_index("inbox_refused_unpublished_idx", "inbox_refused", ["received_at"], postgresql_where=UNPUBLISHED)
    op.drop_column("inbox_refused", "next_attempt_at")
    op.drop_column("inbox_refused", "attempts")
    op.drop_index("notifications_due_idx", table_name="notifications")
    op.drop_column("notifications", "due_at")
    op.drop_column("notifications", "next_attempt_at")
    op.drop_column("notifications", "attempts")

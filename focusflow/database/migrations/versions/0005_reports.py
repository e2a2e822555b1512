"""What became of reports, and what writers were asked: no report goes out twice, and no answer is paid for twice."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'due'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("kind in ('weekly', 'monthly')", name=op.f("report_deliveries_kind_check")),
        sa.CheckConstraint(
            "status in ('due', 'sending', 'sent', 'failed', 'unknown', 'skipped')",
            name=op.f("report_deliveries_status_check"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("report_deliveries_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("report_deliveries_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("report_deliveries_user_id_id_key")),
        sa.UniqueConstraint("user_id", "kind", "period", name=op.f("report_deliveries_user_id_kind_period_key")),
    )
    op.create_index(
        "report_deliveries_waiting_idx",
        "report_deliveries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status in ('due', 'sending')"),
    )
    op.create_table(
        "ai_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens_out", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("latency_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("output", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("status in ('written', 'rejected', 'failed')", name=op.f("ai_messages_status_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("ai_messages_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("ai_messages_pkey")),
    )
    op.create_index(
        op.f("ai_messages_user_id_request_hash_idx"), "ai_messages", ["user_id", "request_hash"], unique=False
    )
    op.create_index(op.f("ai_messages_created_at_idx"), "ai_messages", ["created_at"], unique=False)
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0005_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("drop policy reporting on outbox")
    op.execute("revoke insert on outbox from focusflow_reporting")
    op.execute("revoke select on outbox_head from focusflow_reporting")
    op.drop_table("ai_messages")
    op.drop_table("report_deliveries")

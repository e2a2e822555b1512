"""Addresses whose mails came back; and leave to let go what was told, said and asked long ago."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bounces",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("bounces_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("bounces_pkey")),
    )
    op.create_index(op.f("report_deliveries_message_id_idx"), "report_deliveries", ["message_id"], unique=False)
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0007_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("revoke delete on ai_messages, notifications from focusflow_reporting")
    op.drop_index(op.f("report_deliveries_message_id_idx"), "report_deliveries")
    op.drop_table("bounces")

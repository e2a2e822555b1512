"""Exports of a user's data, and the role that reads everything of one user."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'requested'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status in ('requested', 'ready', 'failed', 'expired')", name=op.f("exports_status_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("exports_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("exports_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("exports_user_id_id_key")),
    )
    op.create_index(
        "exports_requested_idx", "exports", ["created_at"], postgresql_where=sa.text("status = 'requested'")
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0020_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("exports")
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0020_downgrade.sql").read_text(encoding="utf-8"))

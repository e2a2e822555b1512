"""Erasures of users, and what the role of exports may delete for them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("user_hash", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("purge_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("certificate", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "status in ('waiting', 'cancelled', 'running', 'purging', 'done')", name=op.f("erasures_status_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("erasures_pkey")),
    )
    op.create_index(
        "erasures_open_key",
        "erasures",
        ["user_hash"],
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0022_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("erasures")
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0022_downgrade.sql").read_text(encoding="utf-8"))

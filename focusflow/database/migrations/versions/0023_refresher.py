"""How the resident refresher fares, and what it built since that was last reported to Dagster."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "refresher_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("refreshed_at", INSTANT, nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("refreshes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("conflicts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("refresher_state_pkey")),
    )
    op.create_table(
        "table_builds",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("built_at", INSTANT, nullable=False),
        sa.Column("builds", sa.BigInteger(), nullable=False),
        sa.Column("rows_written", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("broken_rules", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("table_name", name=op.f("table_builds_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0023_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("table_builds")
    op.drop_table("refresher_state")

"""What people reached: kept for good, so that it is told once and not taken away."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "earned_achievements",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("achievement", sa.Text(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("earned_achievements_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "achievement", name=op.f("earned_achievements_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0008_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("earned_achievements")

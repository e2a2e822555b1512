"""What people were reminded of without having asked: kept, so that nothing is said twice."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_reminders",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("for_date", sa.Date(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.CheckConstraint("why in ('near', 'behind')", name=op.f("told_reminders_why_check")),
        sa.CheckConstraint("type in ('task_reminder', 'goal_reminder')", name=op.f("told_reminders_type_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("told_reminders_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "entity_id", "why", "for_date", name=op.f("told_reminders_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0009_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("told_reminders")

"""What was shown of scores is kept by the day, and no longer goes with the score."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """When an open task was first shown is not carried over: nobody knows any more at which rank that was."""
    op.drop_column("priority_scores", "shown_at")
    op.create_table(
        "shown_scores",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("shown_scores_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("user_id", "local_date", "task_id", name=op.f("shown_scores_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0011_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("shown_scores")
    op.add_column("priority_scores", sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True))

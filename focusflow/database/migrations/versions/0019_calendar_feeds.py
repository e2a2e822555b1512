"""The secret address of a user's calendar feed."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("calendar_feeds_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("calendar_feeds_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0019_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("calendar_feeds")

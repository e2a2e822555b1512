"""When somebody works, for whatever looks for free time."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("preferences", sa.Column("work_from", sa.Time, nullable=False, server_default=sa.text("'09:00'")))
    op.add_column("preferences", sa.Column("work_until", sa.Time, nullable=False, server_default=sa.text("'17:00'")))
    op.create_check_constraint("working_hours", "preferences", "work_from < work_until")


def downgrade() -> None:
    op.drop_column("preferences", "work_until")
    op.drop_column("preferences", "work_from")

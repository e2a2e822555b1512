"""In what a goal with a number is counted: books, kilometers, euros."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("goals", sa.Column("unit", sa.Text))


def downgrade() -> None:
    op.drop_column("goals", "unit")

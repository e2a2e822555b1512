"""Sessions of the dashboard: a secret of their own beside the refresh tokens, with a limit on idleness."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("delete from refresh_tokens where seen_at is not null")
    op.drop_column("refresh_tokens", "seen_at")

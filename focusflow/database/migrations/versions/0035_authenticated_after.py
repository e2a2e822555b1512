"""After which moment the user must have signed in at the provider, where a sign-in confirms who they are."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pending_sign_ins", sa.Column("authenticated_after", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("pending_sign_ins", "authenticated_after")

"""A link that confirms an address carries what was registered with it: the password of whoever opens it counts, not that of whoever came first."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

#: Nobody knows any more which password belongs to them. Registering again sends a new one.
VOID_OLDER_LINKS = "update mail_tokens set used_at = now() where purpose = 'verify_email' and used_at is null"


def upgrade() -> None:
    op.add_column("mail_tokens", sa.Column("password_hash", sa.Text(), nullable=True))
    op.add_column("mail_tokens", sa.Column("profile", postgresql.JSONB(), nullable=True))
    op.execute(VOID_OLDER_LINKS)


def downgrade() -> None:
    op.drop_column("mail_tokens", "profile")
    op.drop_column("mail_tokens", "password_hash")

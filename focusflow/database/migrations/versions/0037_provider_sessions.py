"""Which session at the sign-in provider a session began with, and which of the provider's messages about ends were taken."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("provider_session", sa.Text(), nullable=True))
    op.create_table(
        "provider_sign_outs",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("provider_sign_outs_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0037_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("provider_sign_outs")
    op.drop_column("refresh_tokens", "provider_session")

"""Sign-in with an OpenID Connect provider: whose account is whose, and sign-ins that are not back yet."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("identities_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("identities_pkey")),
    )
    op.create_index(op.f("identities_user_id_idx"), "identities", ["user_id"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("code_verifier", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pending_sign_ins_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0021_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("pending_sign_ins")
    op.drop_table("identities")

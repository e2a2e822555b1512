"""Two-factor authentication, and when the user of a sign-in last proved again who they are."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("confirmed_at", INSTANT, nullable=True))
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("recovery_hashes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("second_factors_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("second_factors_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0024_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("second_factors")
    op.drop_column("refresh_tokens", "confirmed_at")

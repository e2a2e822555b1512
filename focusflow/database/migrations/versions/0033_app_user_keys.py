"""The keys from which the pseudonyms of apps' users are made."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_user_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("app_user_keys_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("app_user_keys_pkey")),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0033_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("app_user_keys")

"""The key by which tags are hashed that leave raw."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tag_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("tag_key_id_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("tag_key_pkey")),
    )
    op.execute("insert into tag_key values (1, replace(gen_random_uuid()::text || gen_random_uuid(), '-', ''))")
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0032_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("drop function hashed_tags")
    op.drop_table("tag_key")

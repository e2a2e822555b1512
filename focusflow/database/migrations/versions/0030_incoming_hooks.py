"""Secret addresses at which other programs leave tasks and appointments."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "incoming_hooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("target in ('task', 'event')", name=op.f("incoming_hooks_target_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("incoming_hooks_user_id_fkey"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("incoming_hooks_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("incoming_hooks_token_hash_key")),
        sa.UniqueConstraint("user_id", "id", name=op.f("incoming_hooks_user_id_id_key")),
    )
    op.create_table(
        "incoming_items",
        sa.Column("hook_id", sa.Uuid(), nullable=False),
        sa.Column("source_key", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "hook_id"],
            ["incoming_hooks.user_id", "incoming_hooks.id"],
            name=op.f("incoming_items_user_id_hook_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("hook_id", "source_key", name=op.f("incoming_items_pkey")),
    )
    op.create_index(op.f("incoming_items_user_id_hook_id_idx"), "incoming_items", ["user_id", "hook_id"])
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0030_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("incoming_items")
    op.drop_table("incoming_hooks")

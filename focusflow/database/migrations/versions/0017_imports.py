"""Imports, and which entity each record of a source became."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("findings_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.CheckConstraint("status in ('done', 'undone')", name=op.f("imports_status_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("imports_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("imports_pkey")),
        sa.UniqueConstraint("user_id", "id", name=op.f("imports_user_id_id_key")),
    )
    op.create_table(
        "import_items",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("import_items_user_id_fkey"), ondelete="cascade"),
        sa.ForeignKeyConstraint(
            ["user_id", "import_id"],
            ["imports.user_id", "imports.id"],
            name=op.f("import_items_user_id_import_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("user_id", "format", "source_key", name=op.f("import_items_pkey")),
    )
    op.create_index(op.f("import_items_user_id_import_id_idx"), "import_items", ["user_id", "import_id"])
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0017_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("import_items")
    op.drop_table("imports")

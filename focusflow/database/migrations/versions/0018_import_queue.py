"""Imports through the API: uploads that wait for their preview, import or undo, and how far these are."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COLUMNS = ("columns", "problem", "queued_at", "claimed_at", "attempts", "progress_done", "progress_total")
UNFINISHED = "delete from imports where status not in ('done', 'undone') or format is null"


def upgrade() -> None:
    op.add_column("imports", sa.Column("columns", postgresql.JSONB(), nullable=True))
    op.add_column("imports", sa.Column("problem", sa.Text(), nullable=True))
    op.add_column("imports", sa.Column("queued_at", INSTANT, nullable=True))
    op.add_column("imports", sa.Column("claimed_at", INSTANT, nullable=True))
    for name in ("attempts", "progress_done", "progress_total"):
        op.add_column("imports", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.alter_column("imports", "format", nullable=True)
    op.drop_constraint(op.f("imports_status_check"), "imports")
    op.create_check_constraint(
        op.f("imports_status_check"),
        "imports",
        "status in ('previewing', 'ready', 'importing', 'done', 'undoing', 'undone', 'failed')",
    )
    op.create_index(
        "imports_waiting_idx",
        "imports",
        ["queued_at"],
        postgresql_where=sa.text("status in ('previewing', 'importing', 'undoing')"),
    )
    op.create_table(
        "import_files",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "import_id"],
            ["imports.user_id", "imports.id"],
            name=op.f("import_files_user_id_import_id_fkey"),
            ondelete="cascade",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("import_id", "part", name=op.f("import_files_pkey")),
    )
    op.create_index(op.f("import_files_user_id_import_id_idx"), "import_files", ["user_id", "import_id"])
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0018_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_table("import_files")
    op.execute(UNFINISHED)
    op.drop_index("imports_waiting_idx", table_name="imports")
    op.drop_constraint(op.f("imports_status_check"), "imports")
    op.create_check_constraint(op.f("imports_status_check"), "imports", "status in ('done', 'undone')")
    op.alter_column("imports", "format", nullable=False)
    op.execute("drop policy waiting on imports; drop policy expired on imports; drop policy seen on imports")
    op.execute(
        "revoke all on imports from focusflow_ingestion, focusflow_auth; revoke delete on imports from focusflow_api"
    )
    for column in COLUMNS:
        op.drop_column("imports", column)

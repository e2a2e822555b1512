"""The API may read whether an account has a second factor."""

from pathlib import Path

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0034_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("drop policy own on second_factors")
    op.execute("revoke select (user_id, confirmed_at) on second_factors from focusflow_api")

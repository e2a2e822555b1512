"""Database roles get the columns that they use."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WHOLE_TABLES = """
    grant update on users, refresh_tokens to focusflow_api;
    grant insert, update on api_keys to focusflow_api;
    grant select on users to focusflow_scoring, focusflow_reporting;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0016_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute(WHOLE_TABLES)

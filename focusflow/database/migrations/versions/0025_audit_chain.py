"""Seals of the entries of the audit log; and what an erasure may change of the state of the refresher."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("number", sa.BigInteger(), nullable=True))
    for name in ("salt", "digest", "link"):
        op.add_column("audit_log", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("audit_log_number_key", "audit_log", ["number"], unique=True)
    op.create_index("audit_log_new_idx", "audit_log", ["at"], postgresql_where=sa.text("number is null"))
    op.execute("grant update (number, salt, digest, link) on audit_log to focusflow_privacy")
    op.execute("grant select, update (error) on refresher_state to focusflow_privacy")
    op.execute("grant select, update (broken_rules) on table_builds to focusflow_privacy")


def downgrade() -> None:
    op.execute("revoke select, update (error) on refresher_state from focusflow_privacy")
    op.execute("revoke select, update (broken_rules) on table_builds from focusflow_privacy")
    for name in ("number", "salt", "digest", "link"):
        op.drop_column("audit_log", name)

"""Scores lie in a partition of their own, so that a batch takes the place of the one before by being attached."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _run("0010_upgrade.sql")


def downgrade() -> None:
    _run("0010_downgrade.sql")


def _run(name: str) -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name(name).read_text(encoding="utf-8"))

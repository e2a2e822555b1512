"""Appointments with several rules, times added to them, and times left out."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

MOMENTS = sa.ARRAY(sa.DateTime(timezone=True))
COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "extra_rrules": sa.ARRAY(sa.Text()),
    "rdates": MOMENTS,
    "exdates": MOMENTS,
}


def upgrade() -> None:
    for name, type_ in COLUMNS.items():
        op.add_column("calendar_events", sa.Column(name, type_, server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("calendar_events", name)

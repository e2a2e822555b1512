"""Any notification kind: they are declared in code, so that a new one needs no migration."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("notifications", "notification_preferences")
KNOWN = (
    "type in ('task_reminder', 'goal_reminder', 'daily_plan', 'productivity_tip', 'system', 'achievement', 'report')"
)
NAMED = "type ~ '^[a-z][a-z0-9_]{0,39}$'"


def upgrade() -> None:
    _constrain(NAMED)


def downgrade() -> None:
    """It fails where a notification of another kind is stored: delete those first."""
    _constrain(KNOWN)


def _constrain(condition: str) -> None:
    for table in TABLES:
        op.drop_constraint(op.f(f"{table}_type_check"), table, type_="check")
        op.create_check_constraint(op.f(f"{table}_type_check"), table, condition)

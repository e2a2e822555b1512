"""Calendars of Google and Microsoft can be connected."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("calendar_connections_kind_check"), "calendar_connections")
    op.create_check_constraint(
        op.f("calendar_connections_kind_check"),
        "calendar_connections",
        "kind in ('ics', 'caldav', 'google', 'outlook')",
    )


def downgrade() -> None:
    op.execute("delete from calendar_connections where kind in ('google', 'outlook')")
    op.drop_constraint(op.f("calendar_connections_kind_check"), "calendar_connections")
    op.create_check_constraint(
        op.f("calendar_connections_kind_check"), "calendar_connections", "kind in ('ics', 'caldav')"
    )

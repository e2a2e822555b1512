"""What the ways to and from Kafka remember: what was published, into which topic, and what was taken from the inbox."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relay_position",
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("relay_position_pkey")),
    )
    op.create_table(
        "kafka_topics",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("kafka_topics_pkey")),
    )
    op.create_table(
        "inbox_position",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("inbox_position_pkey")),
    )
    op.create_table(
        "inbox_events",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("inbox_events_user_id_fkey"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("user_id", "event_id", name=op.f("inbox_events_pkey")),
    )
    op.create_table(
        "inbox_refused",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kafka_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("partition", "kafka_offset", "received_at", name=op.f("inbox_refused_pkey")),
    )
    op.create_index(
        "inbox_refused_unpublished_idx",
        "inbox_refused",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("not is_published"),
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0002_access.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("drop policy ingestion on users")
    op.execute("revoke select (id, timezone, erased_at) on users from focusflow_ingestion")
    for table in ("inbox_refused", "inbox_events", "inbox_position", "kafka_topics", "relay_position"):
        op.drop_table(table)

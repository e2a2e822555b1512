"""Lets what has expired be forgotten: answers kept for repeated requests, tokens, attempts."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create policy upkeep on idempotency_keys to focusflow_auth using (true)")
    op.execute("grant select (created_at), delete on idempotency_keys to focusflow_auth")
    op.execute("grant delete on refresh_tokens to focusflow_auth")


def downgrade() -> None:
    op.execute("revoke delete on refresh_tokens from focusflow_auth")
    op.execute("revoke select (created_at), delete on idempotency_keys from focusflow_auth")
    op.execute("drop policy upkeep on idempotency_keys")
